// OpenAI's client for node: text, text as it is found, live sound, for which it wants TLS.
// Arguments: the server's address, a WAV at 16 kHz.
import fs from "node:fs";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [address, path] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `https://${address}/v1`, apiKey: "none", maxRetries: 0 });
const audio = client.audio.transcriptions;
const file = () => fs.createReadStream(path);
const found = {};

found.text = (await audio.create({ model: "whisper-1", file: file() })).text;
found.srt = await audio.create({ model: "whisper-1", file: file(), response_format: "srt" });
const granularities = ["word", "segment"];
const verbose = { response_format: "verbose_json", timestamp_granularities: granularities };
found.words = (await audio.create({ model: "whisper-1", file: file(), ...verbose })).words.map(({ word }) => word);
found.streamed = [];
for await (const event of await audio.create({ model: "whisper-1", file: file(), stream: true })) found.streamed.push(event.type);
found.status = await audio.create({ model: "gpt-9", file: file() }).catch((error) => error.status);

const realtime = await OpenAIRealtimeWS.create(client, { model: "gpt-realtime-whisper" });
found.live = await new Promise((resolve, reject) => {
  realtime.on("error", reject);
  realtime.on("conversation.item.input_audio_transcription.completed", ({ transcript }) => resolve(transcript));
  realtime.on("session.created", () => {
    const input = { format: { type: "audio/pcm", rate: 16000 }, turn_detection: null };
    realtime.send({ type: "session.update", session: { type: "transcription", audio: { input } } });
    const pcm = fs.readFileSync(path).subarray(44);
    for (let at = 0; at < pcm.length; at += 6400)
      realtime.send({ type: "input_audio_buffer.append", audio: pcm.subarray(at, at + 6400).toString("base64") });
    realtime.send({ type: "input_audio_buffer.commit" });
  });
});
realtime.close();
console.log(JSON.stringify(found));
