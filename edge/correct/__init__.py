"""Corrects what a recognizer has read: single edits, judged by several witnesses, and made only beyond a gate."""
