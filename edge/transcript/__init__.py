"""What a recording becomes, and the formats that it is written in: plain text, subtitles, tables and JSON."""
