"""What a model costs, measured: words wrong on sets of recordings, held against a budget and written in a report."""
