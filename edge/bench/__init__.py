"""How well and how fast a model runs on this machine: sets, words, intervals, peaks, floors, results and their tables.

Counting words needs the extra `edgewise[export]`, imported where it is used.
"""
