"""What the commands write to, and how: streams, files, colours, the progress bar and the summary."""
