"""What the commands write to, and how: streams, files, colors, the progress bar and the summary."""
