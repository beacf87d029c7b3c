from __future__ import annotations

from dataclasses import replace

from edge.bench.conditions import lowest_clock, observe, others_share


def test_a_machine_is_observed_twice_and_time_went_by() -> None:
    before, after = observe(), observe()
    assert after.at_s >= before.at_s
    assert after.own_s >= before.own_s
    assert all(clock >= 0 for clock in before.clocks_mhz)


def test_work_of_others_is_what_is_not_our_own() -> None:
    before = replace(observe(), at_s=0.0, own_s=1.0, busy_s=100.0, stolen_s=5.0)
    after = replace(before, at_s=10.0, own_s=9.0, busy_s=109.0, stolen_s=6.0)
    assert others_share(before, after, cores=2) == 0.1  # 9 s of work, 8 of them ours, and 1 s stolen, of 20 s


def test_where_the_system_tells_nothing_nothing_is_guessed() -> None:
    before = replace(observe(), busy_s=None)
    assert others_share(before, before, cores=2) is None
    assert lowest_clock([replace(before, clocks_mhz=())]) is None


def test_the_lowest_clock_is_that_of_any_core_at_any_time() -> None:
    one = replace(observe(), clocks_mhz=(2400.0, 2300.0))
    assert lowest_clock([one, replace(one, clocks_mhz=(0.0, 1500.0))]) == 1500.0
