"""Figures: numbers, years, times, dates, money, telephone numbers and addresses, as people write them."""
