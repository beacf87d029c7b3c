"""Running a model on onnxruntime: the other engine behind edge.whisper.protocol, for where ours is not wanted."""
