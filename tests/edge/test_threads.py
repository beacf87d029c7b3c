"""How many threads are taken: control groups of both versions, at every depth, and the affinity mask."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

import edge
from edge import threads
from edge.threads import cpu_quota, default_threads, usable_threads


def process(folder: Path, cgroup: str, *mounts: str) -> Path:
    """A folder as in /proc, of a process in these groups."""
    made = folder / "proc"
    made.mkdir()
    (made / "cgroup").write_text(cgroup)
    other = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    (made / "mountinfo").write_text(other + "".join(f"{mount}\n" for mount in mounts))
    return made


def mount_v2(folder: Path, root: str = "/") -> str:
    place = str(folder).replace(" ", r"\040")
    return f"41 31 0:38 {root} {place} rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate"


def mount_v1(folder: Path, root: str = "/", controllers: str = "cpu,cpuacct") -> str:
    return f"32 31 0:29 {root} {folder} rw,relatime - cgroup cgroup rw,{controllers}"


def v2(folder: Path, quota: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.max").write_text(f"{quota}\n")


def v1(folder: Path, quota: int, period: int = 100000) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (folder / "cpu.cfs_period_us").write_text(f"{period}\n")


@pytest.mark.parametrize(
    ("root", "slice_", "unit", "leaf", "expected"),
    [
        ("max 100000", "max 100000", "max 100000", "max 100000", None),
        ("max 100000", "max 100000", "max 100000", "150000 100000", 1.5),
        ("max 100000", "300000 100000", "max 100000", "max 100000", 3),
        ("max 100000", "200000 100000", "800000 100000", "400000 100000", 2),
        ("100000 50000", "max 100000", "max 100000", "max 100000", 2),
        (None, None, "50000 100000", None, 0.5),
        (None, "broken", "0 0", "100000", None),
    ],
)
def test_a_quota_counts_at_every_depth(
    tmp_path: Path, root: str | None, slice_: str | None, unit: str | None, leaf: str | None, expected: float | None
) -> None:
    top = tmp_path / "sys fs" / "cgroup"
    folder = top
    for part, quota in ((".", root), ("user.slice", slice_), ("app.service", unit), ("leaf", leaf)):
        folder = folder / part
        if quota is not None:
            v2(folder, quota)
    v2(top / "other.slice", "1000 100000")
    assert cpu_quota(process(tmp_path, "0::/user.slice/app.service/leaf\n", mount_v2(top))) == expected


def test_the_first_version_counts_at_every_depth(tmp_path: Path) -> None:
    top = tmp_path / "cpu"
    v1(top, -1)
    v1(top / "docker", 250000)
    v1(top / "docker" / "abc", -1)
    found = process(tmp_path, "5:cpuset:/\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n0::/\n", mount_v1(top))
    assert cpu_quota(found) == 2.5


def test_both_versions_count(tmp_path: Path) -> None:
    v1(tmp_path / "v1" / "a", 800000, 200000)
    v2(tmp_path / "v2" / "b", "300000 100000")
    mounts = (mount_v1(tmp_path / "v1"), mount_v2(tmp_path / "v2"))
    assert cpu_quota(process(tmp_path, "3:cpu:/a\n0::/b\n", *mounts)) == 3


def test_a_hierarchy_without_the_cpu_does_not_count(tmp_path: Path) -> None:
    v1(tmp_path / "cpuacct", 100000)
    v1(tmp_path / "cpuset", 100000)
    mounts = [mount_v1(tmp_path / name, controllers=name) for name in ("cpuacct", "cpuset")]
    assert cpu_quota(process(tmp_path, "2:cpuacct:/\n3:cpuset:/\n", *mounts)) is None


@pytest.mark.parametrize(
    ("root", "group", "inside"),
    [
        ("/docker/abc", "/docker/abc", "."),  # a container that sees its own group mounted
        ("/docker/abc", "/docker/abc/worker", "worker"),
        ("/", "/", "."),  # one with a namespace of its own
        ("/", "/../../elsewhere", "."),  # moved out of it
        ("/docker/abc", "/docker/other", "."),
    ],
)
def test_mounts_of_a_part_of_the_hierarchy(tmp_path: Path, root: str, group: str, inside: str) -> None:
    top = tmp_path / "cgroup"
    v2(top / inside, "200000 100000")
    v2(tmp_path, "100000 100000")  # above the mount: none of ours
    assert cpu_quota(process(tmp_path, f"0::{group}\n", mount_v2(top, root))) == 2


def test_what_cannot_be_read_sets_no_limit(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path / "nowhere") is None
    assert cpu_quota(process(tmp_path, "nonsense\n:::\n\n", "1 2", " - ", mount_v2(tmp_path / "nowhere"))) is None


def test_the_default_keeps_to_the_quota(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(threads, "_usable_cpus", lambda: set(range(8)))
    monkeypatch.setattr(threads, "_siblings", str)
    v2(tmp_path / "cgroup", "350000 100000")
    found = process(tmp_path, "0::/\n", mount_v2(tmp_path / "cgroup"))
    monkeypatch.setattr(threads, "cpu_quota", lambda: cpu_quota(found))
    assert default_threads() == 3
    v2(tmp_path / "cgroup", "50000 100000")
    assert default_threads() == 1
    v2(tmp_path / "cgroup", "max 100000")
    assert default_threads() == 8


def test_threads_beyond_the_mask_are_capped_and_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "_usable_cpus", lambda: {1, 5, 6})
    with caplog.at_level(logging.WARNING, logger="edge"):
        assert [usable_threads(asked) for asked in (1, 3)] == [1, 3]
        assert caplog.messages == []
        assert usable_threads(64) == 3
    assert caplog.messages == ["64 threads were asked for, but this process may run on 3 processors: using 3"]
    assert usable_threads(None) == default_threads()


def test_loading_caps_threads(tiny_en_int8: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_usable_cpus", lambda: {7})
    model = edge.load(tiny_en_int8, threads=2)
    assert isinstance(model, edge.Model)
    assert model.engine.threads == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity masks")
def test_the_mask_is_this_process_s() -> None:
    mask = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(mask)})
        assert usable_threads(1024) == 1
        assert default_threads() == 1
    finally:
        os.sched_setaffinity(0, mask)
