"""Files are written whole or not at all."""

import errno
import os
import stat

import pytest

from tinygrad_edu.files import replacing, write_whole


def test_writes_bytes_and_text(tmp_path):
    write_whole(tmp_path / "a.bin", b"\x00\xff")
    write_whole(str(tmp_path / "a.txt"), "∂ = 1\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a.txt").read_bytes() == "∂ = 1\n".encode()


def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "weights"
    file.write_text("old")

    def fail_half_way():
        with replacing(file) as scratch:
            scratch.write_text("half of the new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["weights"]


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path):
    file = tmp_path / "weights"
    file.write_text("old")
    with replacing(file) as scratch:
        scratch.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"


def test_permissions_are_those_of_any_new_file(tmp_path):
    write_whole(tmp_path / "ours", "")
    (tmp_path / "theirs").write_text("")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE((tmp_path / "theirs").stat().st_mode)


@pytest.mark.parametrize(
    ("place", "kind", "number"),
    [
        ("missing/file", FileNotFoundError, errno.ENOENT),
        ("a folder", IsADirectoryError, errno.EISDIR),
        ("a file/file", NotADirectoryError, errno.ENOTDIR),
    ],
)
def test_unwritable_places_raise_their_own_kind_in_one_sentence(tmp_path, place, kind, number):
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").write_text("old")
    with pytest.raises(kind, match=rf"cannot write '.*{place}' \(.+\); give a file in a folder") as raised:
        write_whole(tmp_path / place, "new")
    assert raised.value.errno == number
    assert sorted(os.listdir(tmp_path)) == ["a file", "a folder"]
    assert (tmp_path / "a file").read_text() == "old"


def test_what_a_killed_process_with_the_same_number_left_behind_is_no_hindrance(tmp_path):
    file = tmp_path / "weights"
    with replacing(file) as scratch:
        scratch.write_text("new")
        left_behind = scratch
    left_behind.write_text("half of something")
    write_whole(file, "newer")
    assert file.read_text() == "newer"
    assert os.listdir(tmp_path) == ["weights"]


def test_the_error_names_the_file_and_not_its_scratch_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "none" / "x.svg", "text")
    assert ".part" not in str(caught.value)
    assert caught.value.__suppress_context__, "so that what Python said of the scratch file is not shown above"
