"""Tables of engines side by side."""

from __future__ import annotations

from dataclasses import replace

from edge.bench.engine_tables import asr_table, languages_table, peer_table, roofline_table, sets_table, speeds_table
from edge.bench.parts import Parts
from edge.bench.results import EngineResult, UtteranceResult, median_parts, summarize
from edge.bench.roofline import Floor
from edge.bench.scoring import Errors

FLOOR = Floor(encoder_s=0.009, cross_s=0.001, decoder_s=0.004, vocabulary_s=0.006)
PARTS = Parts(features_s=0.002, encode_s=0.02, decode_s=0.03, n_windows=2, n_tokens=20, n_second_looks=1)


def _result(engine: str, seconds: float, set_name: str = "a", parts: Parts | None = None) -> EngineResult:
    utterance = UtteranceResult(
        name="0.flac",
        audio_s=8.0,
        seconds=(seconds,),
        text="",
        errors=Errors(words=10, substitutions=1, loops=1),
        parts=parts,
        floor=FLOOR if parts else None,
    )
    return EngineResult(engine, "int8", f"{engine}:int8", "tiny.en", set_name, 1.0, 0.5, 100.0, (utterance,) * 3)


def _cells(table: str, row: int) -> list[str]:
    return [cell.strip() for cell in table.splitlines()[2 + row].split("|")[1:-1]]


def test_our_times_stand_beside_each_peer() -> None:
    ours, slow, fast = _result("edgewise", 0.06), _result("slow", 0.6), _result("fast", 0.3)
    summaries = [summarize(one, [fast, slow]) for one in (ours, slow, fast)]
    text = peer_table([ours, slow, fast], summaries)
    assert text is not None
    assert _cells(text, 0) == ["edgewise:int8", "fast:int8", "0.200 (0.200-0.200)", "0.200", "5.0"]
    assert _cells(text, 1)[1:] == ["slow:int8", "0.100 (0.100-0.100)", "0.100", "10.0"]
    assert len(text.splitlines()) == 4
    assert "0.200 (0.200-0.200)" in asr_table([ours], summaries[:1])


def test_without_peers_there_is_no_table_of_them() -> None:
    ours = _result("edgewise", 0.06)
    assert peer_table([ours], [summarize(ours)]) is None
    assert roofline_table([ours], [summarize(ours)]) is None


def test_parts_stand_beside_the_peak() -> None:
    ours = _result("edgewise", 0.06, parts=PARTS)
    text = roofline_table([ours], [summarize(ours)])
    assert text is not None
    rows = {cells[1]: cells[2:] for cells in (_cells(text, row) for row in range(9))}
    assert rows["features"] == ["2.0", "-", "-", "-"]
    assert rows["encode"] == ["20.0", "10.0", "2.00 (2.00-2.00)", "2.00"]
    assert rows["- cross keys and values"] == ["-", "1.0", "-", "-"]
    assert rows["decode"] == ["30.0", "10.0", "3.00 (3.00-3.00)", "3.00"]
    assert rows["other"][0] == "8.0"
    assert "|   3/3 |" in asr_table([ours], [summarize(ours)])
    assert rows["all"] == ["60.0", "20.0", "3.00 (3.00-3.00)", "3.00"]


def test_a_model_over_several_sets() -> None:
    by_set = []
    for set_name, seconds in (("a", 0.06), ("b", 0.024)):
        results = [_result("edgewise", seconds, set_name), _result("peer", 0.6, set_name)]
        by_set.append([(one, summarize(one, results[1:])) for one in results])
    silent = replace(by_set[1][0][1], word_error_rate=None)
    by_set[1][0] = (by_set[1][0][0], silent)
    words, speeds = sets_table(by_set), speeds_table(by_set)
    assert [cell.strip() for cell in words.splitlines()[0].split("|")[1:-1]] == ["WER %", "a", "b", "mean", "loops"]
    assert _cells(words, 0) == ["edgewise:int8", "10.00", "-", "10.00", "6"]
    assert _cells(speeds, 0) == ["edgewise:int8", "60", "24", "0.063"]
    assert _cells(speeds, 1) == ["peer:int8", "600", "600", "1.00"]


def test_parts_of_several_passes() -> None:
    passes = [replace(PARTS, encode_s=seconds) for seconds in (0.02, 0.05, 0.03)]
    assert median_parts(passes) == replace(PARTS, encode_s=0.03)


def test_a_set_of_several_languages_has_a_column_for_each() -> None:
    one = _result("edgewise", 0.1)
    assert languages_table([one]) is None
    english, german = one.utterances[0], replace(one.utterances[0], language="de", errors=Errors(words=4, deletions=1))
    several = replace(one, utterances=(replace(english, language="en"), german, german))
    text = languages_table([several])
    assert text is not None
    assert "en (1)" in text
    assert _cells(text, 0) == ["edgewise:int8", "10.00", "25.00", "17.50"]
