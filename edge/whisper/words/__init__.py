"""Groups tokens into words, and finds when each word is spoken."""
