"""What corrections gain and harm, and the weights and gates by which they are made."""
