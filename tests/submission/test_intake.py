"""What intake accepts, what it passes over with a note, and what it refuses."""

import os
import stat
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from autograder.config import load_config
from autograder.submission import Submission, SubmissionError, read_submission, submission_id
from autograder.submission.layout import GIVEN_FOLDERS

LIMITS = load_config().limits
MODULES = ("density", "flows")
PACK = {
    "likelihood/__init__.py": b"",
    "likelihood/density.py": b"def kde(): ...\n",
    "likelihood/flows.py": b"def coupling(): ...\n",
    "answers.toml": b"Q1: 3\n",
}


def read(path: Path, **changes: int) -> Submission:
    limits = LIMITS.model_copy(update=changes)
    return read_submission(path, "likelihood", limits, ("vae_gan",), MODULES)


def make_zip(
    path: Path, members: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]
) -> Path:
    """A zip in which names may repeat and may be anything."""
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pairs:
            if isinstance(name, str):
                info = zipfile.ZipInfo("placeholder")
                info.filename = name
                info.compress_type = zipfile.ZIP_DEFLATED
            else:
                info = name
            archive.writestr(info, data)
    return path


def make_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def refusal(path: Path, **changes: int) -> str:
    with pytest.raises(SubmissionError) as caught:
        read(path, **changes)
    message = str(caught.value)
    assert message.endswith(".")
    assert message.isprintable()
    return message


def under(folder: str, files: Mapping[str, bytes] = PACK) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


class TestAccepted:
    @pytest.mark.parametrize("top", ["", "hw1/", "a/b/c d/"])
    def test_zip_at_any_depth(self, tmp_path: Path, top: str) -> None:
        path = make_zip(tmp_path / "alice.zip", {top + name: data for name, data in PACK.items()})
        submission = read(path)
        assert submission.id == "alice"
        assert submission.files == {n: d for n, d in PACK.items() if n.endswith(".py")}
        assert submission.others == {"answers.toml": b"Q1: 3\n"}
        assert submission.notes == ()

    def test_folder(self, tmp_path: Path) -> None:
        submission = read(make_folder(tmp_path / "bob.v2", PACK))
        assert submission.id == "bob.v2"
        assert sorted(submission.files) == sorted(n for n in PACK if n.endswith(".py"))

    def test_package_folder_alone(self, tmp_path: Path) -> None:
        make_folder(tmp_path, PACK)
        submission = read(tmp_path / "likelihood")
        assert sorted(submission.files) == sorted(n for n in PACK if n.endswith(".py"))

    def test_modules_without_a_package_folder(self, tmp_path: Path) -> None:
        loose = {"density.py": b"a", "flows.py": b"b", "helpers.py": b"c", "answers.toml": b"d"}
        submission = read(make_zip(tmp_path / "carol.zip", loose))
        assert submission.files == {
            "likelihood/density.py": b"a",
            "likelihood/flows.py": b"b",
            "likelihood/helpers.py": b"c",
        }
        assert submission.others == {"answers.toml": b"d"}
        assert "no folder likelihood/" in submission.notes[0]

    @pytest.mark.parametrize("package", ["vaegan", "vae-gan", "my_vae_gan", "code"])
    def test_a_renamed_package_is_graded_and_not_what_every_pack_holds(
        self, tmp_path: Path, package: str
    ) -> None:
        given = {f"hw2/{folder}/vae.py": b"given" for folder in GIVEN_FOLDERS}
        path = make_zip(tmp_path / "x.zip", {f"hw2/{package}/vae.py": b"own", **given})
        submission = read_submission(path, "vae_gan", LIMITS, (), ("vae",))
        assert submission.files == {"vae_gan/vae.py": b"own"}
        assert submission.notes == (
            f"There is no folder vae_gan/; the modules were read from hw2/{package}.",
        )

    def test_of_several_folders_with_modules_the_best_named_is_graded(self, tmp_path: Path) -> None:
        files = {f"hw1/{f}/density.py": f.encode() for f in ("backup", "likelyhood", "old/code")}
        submission = read(make_zip(tmp_path / "x.zip", files))
        assert submission.files == {"likelihood/density.py": b"likelyhood"}
        assert submission.notes[0] == (
            "There is no folder likelihood/, and modules lie in more than one folder: "
            "hw1/likelyhood is graded, not hw1/backup, hw1/old/code."
        )

    def test_what_every_pack_holds_is_no_submission(self, tmp_path: Path) -> None:
        files = {f"hw1/{folder}/density.py": b"given" for folder in GIVEN_FOLDERS}
        assert "has no folder likelihood/" in refusal(make_zip(tmp_path / "x.zip", files))

    def test_loose_modules_are_equal_whatever_their_folder_is_called(self, tmp_path: Path) -> None:
        for top in ("", "code/"):
            loose = {f"{top}density.py": b"a", f"{top}flows.py": b"b", "old/flows.py": b"c"}
            folders = [read(make_folder(tmp_path / top / name, loose)) for name in ("ann", "ben")]
            packed = read(make_zip(tmp_path / "eve.zip", loose))
            assert len({(one.sha256, one.notes) for one in (*folders, packed)}) == 1

    @pytest.mark.parametrize(
        ("modules", "answers"),
        [
            ("hw2/my_work/density.py", "hw2/answers.toml"),
            ("LIKELIHOOD/density.py", "answers.toml"),
            ("code/density.py", "answers.toml"),
            ("sub/likelihood/density.py", "answers.toml"),
            ("likelihood/density.py", "likelihood/answers.toml"),
            ("likelihood/density.py", "written/Answers.toml"),
        ],
    )
    def test_the_only_answers_file_is_read_wherever_it_lies(
        self, tmp_path: Path, modules: str, answers: str
    ) -> None:
        junk = {"__MACOSX/answers.toml": b"x", ".old/answers.toml": b"x", "venv/answers.toml": b"x"}
        submission = read(make_zip(tmp_path / "x.zip", {modules: b"a", answers: b"b", **junk}))
        assert submission.files == {"likelihood/density.py": b"a"}
        assert submission.others == {"answers.toml": b"b"}
        assert not any("answers" in note for note in submission.notes)

    def test_of_several_answers_files_the_nearest_is_read(self, tmp_path: Path) -> None:
        files = {
            "answers.toml": b"far",
            "hw1/likelihood/density.py": b"",
            "hw1/likelihood/answers.toml": b"inside",
            "hw1/answers.toml": b"beside",
            "hw2/answers.toml": b"elsewhere",
        }
        submission = read(make_zip(tmp_path / "x.zip", files))
        assert submission.others == {"answers.toml": b"beside"}
        (note,) = (note for note in submission.notes if "answers" in note)
        assert "hw1/answers.toml lies nearer" in note
        for passed_over in ("hw1/likelihood/answers.toml", "hw2/answers.toml"):
            assert passed_over in note

    @pytest.mark.parametrize("name", ["answers.toml.txt", "answers (1).toml"])
    def test_an_answers_file_of_another_name_is_to_be_renamed(
        self, tmp_path: Path, name: str
    ) -> None:
        submission = read(make_zip(tmp_path / "x.zip", {"likelihood/density.py": b"", name: b"a"}))
        assert submission.others == {}
        assert "must be named answers.toml; rename it" in " ".join(submission.notes)

    def test_a_top_folder_may_bear_the_packages_name(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {**under("likelihood"), "likelihood/train.py": b""})
        assert "likelihood/density.py" in read(path).files

    def test_junk_is_ignored(self, tmp_path: Path) -> None:
        junk = {
            "__MACOSX/likelihood/._density.py": b"\0",
            ".DS_Store": b"x",
            "likelihood/__pycache__/density.cpython-311.pyc": b"x",
            ".git/objects/likelihood/density.py": b"x",
            ".venv/lib/likelihood/density.py": b"x",
            "build/lib/likelihood/density.py": b"x",
            "runs/figure.py": b"x",
        }
        clean = read(make_zip(tmp_path / "clean.zip", PACK))
        for path in (
            make_zip(tmp_path / "junk.zip", {**junk, **PACK}),
            make_folder(tmp_path / "junk", {**junk, **PACK}),
        ):
            submission = read(path, archive_files=len(PACK))
            assert submission.files == clean.files
            assert submission.sha256 == clean.sha256
            assert submission.notes == ()

    def test_backslashes_separate_folders_in_a_zip(self, tmp_path: Path) -> None:
        names = {name.replace("/", "\\"): data for name, data in PACK.items()}
        assert "likelihood/flows.py" in read(make_zip(tmp_path / "x.zip", names)).files

    def test_notebooks_lie_beside_the_modules(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {**PACK, "likelihood/density.ipynb": b"{}"})
        submission = read(path)
        assert "likelihood/density.ipynb" in submission.others
        assert "likelihood/density.ipynb" not in submission.files


class TestNotes:
    def test_missing_module(self, tmp_path: Path) -> None:
        files = {name: data for name, data in PACK.items() if "flows" not in name}
        notes = read(make_zip(tmp_path / "x.zip", files)).notes
        assert notes == ("The module likelihood/flows.py is missing.",)

    @pytest.mark.parametrize("name", ["density (1).py", "Density.py", "density - Copy.py"])
    def test_a_module_under_a_name_that_is_not_read(self, tmp_path: Path, name: str) -> None:
        files = {"likelihood/flows.py": b"", "likelihood/density_old.py": b""}
        files[f"likelihood/{name}"] = b""
        assert read(make_zip(tmp_path / "x.zip", files)).notes == (
            "The module likelihood/density.py is missing; "
            f"not read for it: likelihood/{name} (rename it to density.py).",
        )

    def test_second_copy(self, tmp_path: Path) -> None:
        old = under("old", {"likelihood/density.py": b"old"})
        submission = read(make_zip(tmp_path / "x.zip", {**old, **PACK}))
        assert submission.files["likelihood/density.py"] == PACK["likelihood/density.py"]
        (note,) = submission.notes
        assert "likelihood is graded, not old/likelihood" in note

    @pytest.mark.parametrize(
        ("data", "where"),
        [
            (b"a = 1\n# caf\xe9\n", "byte 0xe9 in line 2"),
            ("a = 1\n".encode("utf-16"), "NUL byte in line 1"),
            (b"a = 1\n\n\0", "NUL byte in line 3"),
        ],
    )
    def test_encoding(self, tmp_path: Path, data: bytes, where: str) -> None:
        submission = read(make_zip(tmp_path / "x.zip", {**PACK, "likelihood/flows.py": data}))
        (note,) = submission.notes
        assert "likelihood/flows.py" in note
        assert where in note
        assert submission.files["likelihood/flows.py"] == data

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("/etc/evil.py", "absolute path"),
            ("C:\\evil.py", "absolute path"),
            ("c:evil.py", "absolute path"),
            ("\\\\server\\share\\evil.py", "absolute path"),
            ("../evil.py", "leaves the submission"),
            ("likelihood/../../evil.py", "leaves the submission"),
            ("likelihood\\..\\..\\evil.py", "leaves the submission"),
            ("likelihood/evil.py\0.py", "not accepted"),
            ("likelihood/\x1b]0;evil\x07.py", "not accepted"),
            ("likelihood/<script>evil.py", "not accepted"),
            ("likelihood/\u202eevil.py", "not accepted"),
            (f"likelihood/{'e' * 300}.py", "too long"),
            ("a" + "\u0301\u0323" * 16_000 + ".py", "too long"),
            ("likelihood/more.zip", "archive inside"),
        ],
    )
    def test_one_bad_name_costs_that_file_only(
        self, tmp_path: Path, name: str, reason: str
    ) -> None:
        submission = read(make_zip(tmp_path / "x.zip", {name: b"evil", **PACK}))
        assert submission.files == {n: d for n, d in PACK.items() if n.endswith(".py")}
        (note,) = submission.notes
        assert reason in note
        assert note.isprintable()
        assert "<" not in note

    @pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
    def test_special_zip_member(self, tmp_path: Path, kind: int) -> None:
        info = zipfile.ZipInfo("likelihood/flows.py")
        info.external_attr = (kind | 0o777) << 16
        rest = [(n, d) for n, d in PACK.items() if "flows" not in n]
        submission = read(make_zip(tmp_path / "x.zip", [(info, b"/etc/passwd"), *rest]))
        assert "likelihood/flows.py" not in submission.files
        assert submission.notes[0].startswith("Not read: likelihood/flows.py")

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_unusual_method(self, tmp_path: Path, method: int) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("likelihood/extra.py", b"x", compress_type=method)
        assert "unusual method" in read(path).notes[0]

    def test_damaged_member_costs_that_file_only(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {})
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, data in PACK.items():
                archive.writestr(name, data)
        path.write_bytes(path.read_bytes().replace(b"def coupling", b"def fiddling"))
        submission = read(path)
        assert "likelihood/density.py" in submission.files
        assert "likelihood/flows.py" not in submission.files
        assert "damaged" in submission.notes[0]

    def test_damaged_compression_costs_that_file_only(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        data = bytearray(path.read_bytes())
        data[data.index(b"likelihood/flows.py") + len(b"likelihood/flows.py")] ^= 0xFF
        path.write_bytes(data)
        submission = read(path)
        assert "likelihood/density.py" in submission.files
        assert "damaged" in submission.notes[0]

    def test_large_notebook_is_not_read(self, tmp_path: Path) -> None:
        noise = os.urandom(3_000_000)
        submission = read(make_zip(tmp_path / "x.zip", {**PACK, "plots.ipynb": noise}))
        assert "plots.ipynb" not in submission.others
        assert "plots.ipynb" in submission.notes[0]

    def test_many_bad_files_make_one_short_note(self, tmp_path: Path) -> None:
        bad = {f"../{i}.py": b"" for i in range(100)}
        (note,) = read(make_zip(tmp_path / "x.zip", {**bad, **PACK})).notes
        assert "and 97 more" in note


class TestFolderSpecials:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return make_folder(tmp_path / "mallory", PACK)

    def test_symlinks_are_not_followed(self, folder: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret.py"
        secret.write_bytes(b"secret")
        (folder / "likelihood/flows.py").unlink()
        (folder / "likelihood/flows.py").symlink_to(secret)
        (folder / "up").symlink_to(tmp_path, target_is_directory=True)
        submission = read(folder)
        assert b"secret" not in submission.files.values()
        assert "links are not followed" in submission.notes[0]

    def test_hard_links_are_not_read(self, folder: Path, tmp_path: Path) -> None:
        secret = tmp_path / "secret.py"
        secret.write_bytes(b"secret")
        os.link(secret, folder / "likelihood/extra.py")
        submission = read(folder)
        assert b"secret" not in submission.files.values()
        assert "hard link" in submission.notes[0]

    def test_a_pipe_does_not_block(self, folder: Path) -> None:
        os.mkfifo(folder / "likelihood/pipe.py")
        assert "not an ordinary file" in read(folder).notes[0]

    def test_names_that_are_not_text(self, folder: Path) -> None:
        with open(os.path.join(os.fsencode(folder), b"likelihood/\xff\xfe.py"), "wb"):
            pass
        (note,) = read(folder).notes
        assert note.isprintable()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
    def test_unreadable_file(self, folder: Path) -> None:
        (folder / "likelihood/flows.py").chmod(0)
        assert "permission denied" in read(folder).notes[0]

    def test_the_folders_own_name_may_be_anything(self, tmp_path: Path) -> None:
        folder = make_folder(tmp_path / "M\u00fcller & <b>S\u00f6hne</b>", PACK)
        assert "likelihood/density.py" in read(folder).files


class TestRefused:
    def test_wrong_pack(self, tmp_path: Path) -> None:
        message = refusal(make_zip(tmp_path / "x.zip", {"hw2/vae_gan/vae.py": b""}))
        assert "vae_gan/" in message
        assert "likelihood/" in message

    def test_nothing_to_grade(self, tmp_path: Path) -> None:
        assert "no folder likelihood/" in refusal(make_zip(tmp_path / "x.zip", {"a.txt": b""}))

    def test_what_could_not_be_read_is_the_reason(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "real", PACK)
        (tmp_path / "x").mkdir()
        (tmp_path / "x/likelihood").symlink_to(tmp_path / "real/likelihood")
        message = refusal(tmp_path / "x")
        assert "no folder likelihood/" in message
        assert "not read: x/likelihood (links are not followed)" in message

    def test_only_a_notebook_inside(self, tmp_path: Path) -> None:
        assert "notebook" in refusal(make_zip(tmp_path / "x.zip", {"hw1.ipynb": b"{}"}))

    def test_only_an_archive_inside(self, tmp_path: Path) -> None:
        inner = make_zip(tmp_path / "inner.zip", PACK).read_bytes()
        assert "unpack" in refusal(make_zip(tmp_path / "x.zip", {"inner.zip": inner}))

    def test_a_damaged_zip_is_called_so_packed_or_left_in_a_folder(self, tmp_path: Path) -> None:
        """Gradescope opens zips, and leaves one that it cannot open in the submission's folder."""
        whole = make_zip(tmp_path / "whole.zip", PACK).read_bytes()
        damaged = make_folder(tmp_path / "submission", {"hw1.zip": whole[: len(whole) // 2]})
        alone = damaged / "hw1.zip"
        assert "hw1.zip is damaged" in refusal(alone)
        assert refusal(damaged) == refusal(alone)

    @pytest.mark.parametrize("members", [{}, {"__MACOSX/a.py": b""}, {"likelihood/": b""}])
    def test_empty_archive(self, tmp_path: Path, members: dict[str, bytes]) -> None:
        assert "holds no files" in refusal(make_zip(tmp_path / "x.zip", members))

    def test_empty_folder(self, tmp_path: Path) -> None:
        assert "holds no files" in refusal(tmp_path)

    @pytest.mark.parametrize(
        ("name", "data", "what"),
        [
            ("x.zip", b"", "empty"),
            ("x.zip", b"hello", "not a zip"),
            ("x.tar.gz", b"\x1f\x8b\x08rest", "gzip"),
            ("x.rar", b"Rar!\x1a\x07", "rar"),
            ("x.7z", b"7z\xbc\xaf\x27\x1crest", "7z"),
            ("x.tar", bytes(257) + b"ustar\x00", "tar archive"),
            ("x.ipynb", b'{"cells": []}', "notebook"),
            ("density.py", b"a = 1\n", "single Python file"),
            ("DENSITY.PY", b"a = 1\n", "single Python file"),
            ("x.zip", b"PK\x03\x04 and then nothing", "damaged"),
        ],
    )
    def test_not_a_zip(self, tmp_path: Path, name: str, data: bytes, what: str) -> None:
        path = tmp_path / name
        path.write_bytes(data)
        assert what in refusal(path)

    def test_truncated_zip(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        path.write_bytes(path.read_bytes()[:-40])
        assert "damaged" in refusal(path)

    @pytest.mark.parametrize(
        ("offset", "value"), [(6, 99), (9, 8)], ids=["unknown version", "name that is not UTF-8"]
    )
    def test_damaged_list_of_contents(self, tmp_path: Path, offset: int, value: int) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        data = bytearray(path.read_bytes().replace(b"density", b"den\xffity"))
        data[data.rindex(b"PK\x01\x02", 0, data.rindex(b"den\xffity")) + offset] = value
        path.write_bytes(data)
        assert "damaged" in refusal(path)

    def test_missing_file(self, tmp_path: Path) -> None:
        assert "no such file" in refusal(tmp_path / "nobody.zip")

    def test_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.zip")
        assert "not an ordinary file" in refusal(tmp_path / "pipe.zip")

    @pytest.mark.parametrize(
        "twin",
        [
            "likelihood/density.py",
            "likelihood/./density.py",
            "likelihood//density.py",
            "likelihood\\density.py",
            "Likelihood/Density.py",
            "likelihood/den\N{LATIN SMALL LETTER LONG S}ity.py",
        ],
    )
    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_duplicates(self, tmp_path: Path, twin: str) -> None:
        path = make_zip(tmp_path / "x.zip", [*PACK.items(), (twin, b"other")])
        assert "twice" in refusal(path)

    def test_duplicates_by_unicode_form(self, tmp_path: Path) -> None:
        names = [unicodedata.normalize(form, "likelihood/na\u00efve.py") for form in ("NFC", "NFD")]
        path = make_zip(tmp_path / "x.zip", [*PACK.items(), *((name, b"") for name in names)])
        assert "twice" in refusal(path)

    def test_encrypted_member(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        data = bytearray(path.read_bytes())
        central = data.index(b"PK\x01\x02")
        data[central + 8] |= 1
        path.write_bytes(data)
        assert "without a password" in refusal(path)

    def test_markup_in_the_archives_own_name(self, tmp_path: Path) -> None:
        path = tmp_path / "<img src=x>\x1b[31m.zip"
        path.write_bytes(b"no zip")
        message = refusal(path)
        assert "<" not in message


class TestLimits:
    def test_file_count(self, tmp_path: Path) -> None:
        files = {**PACK, **{f"data/{i}.txt": b"" for i in range(10)}}
        assert "more than 13 files" in refusal(
            make_zip(tmp_path / "x.zip", files), archive_files=13
        )
        assert "more than 13 files" in refusal(make_folder(tmp_path / "x", files), archive_files=13)
        assert read(tmp_path / "x", archive_files=14).notes == ()

    def test_packed_size(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {**PACK, "data.bin": os.urandom(1_100_000)})
        assert "larger than the 1 MB" in refusal(path, archive_mb=1)
        assert read(path, archive_mb=2).notes == ()

    def test_unpacked_size_is_the_sum(self, tmp_path: Path) -> None:
        text = b"".join(b"%d\n" % i for i in range(60_000))
        files = {**PACK, **{f"data/{i}.txt": text for i in range(4)}}
        assert "when unpacked" in refusal(make_zip(tmp_path / "x.zip", files), archive_mb=1)
        assert "when unpacked" in refusal(make_folder(tmp_path / "x", files), archive_mb=1)

    def test_compression_ratio(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", {**PACK, "zeros.npy": bytes(5_000_000)})
        assert "zip bomb" in refusal(path)

    def test_a_small_file_may_pack_well(self, tmp_path: Path) -> None:
        assert read(make_zip(tmp_path / "x.zip", {**PACK, "zeros.npy": bytes(900_000)})).notes == ()

    def test_header_that_claims_less_than_it_unpacks(self, tmp_path: Path) -> None:
        bomb = bytes(50_000_000)
        path = make_zip(tmp_path / "x.zip", {**PACK, "likelihood/extra.py": bomb})
        size = len(bomb).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace(size, (100).to_bytes(4, "little")))
        tracemalloc.start()
        submission = read(path, archive_mb=1)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "likelihood/extra.py" not in submission.files
        assert "damaged" in submission.notes[0]
        assert peak < 10_000_000

    def test_overlapping_members(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "x.zip", PACK)
        data = bytearray(path.read_bytes())
        first = data.index(b"PK\x01\x02")
        second = data.index(b"PK\x01\x02", first + 4)
        data[second + 42 : second + 46] = data[first + 42 : first + 46]
        path.write_bytes(data)
        assert "overlaps" in refusal(path)

    def test_list_of_contents(self, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        path.write_bytes(make_zip(path, PACK).read_bytes() + b"PK\x01\x02" * 20_001)
        assert "more than 20000" in refusal(path)


class TestHash:
    def test_packing_does_not_matter(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "plain", PACK)
        nested = dict(reversed(under("hw1/again").items()))
        hashes = {
            read(path).sha256
            for path in (
                tmp_path / "plain",
                make_zip(tmp_path / "a.zip", PACK),
                make_zip(tmp_path / "b.zip", {**nested, ".DS_Store": b"x"}),
            )
        }
        assert len(hashes) == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"likelihood/density.py": b"other"},
            {"likelihood/extra.py": b""},
            {"answers.toml": b"Q1: 4\n"},
            {"likelihood/__init__.py": b"def kde(): ...\n", "likelihood/density.py": b""},
        ],
    )
    def test_content_matters(self, tmp_path: Path, change: dict[str, bytes]) -> None:
        before = read(make_zip(tmp_path / "a.zip", PACK))
        after = read(make_zip(tmp_path / "b.zip", {**PACK, **change}))
        assert before.sha256 != after.sha256


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alice.zip", "alice"),
        ("ALICE.ZIP", "ALICE"),
        ("alice.py", "alice"),
        ("alice.IPYNB", "alice"),
        ("density.py.zip", "density.py"),
        ("a b;c.tar.gz", "a_b_c"),
        ("..zip", "_"),
        ("-rf.zip", "rf"),
        ("con.zip", "_con"),
        ("M\u00fcller.zip", "M\u00fcller"),
        ("<b>.zip", "_b_"),
    ],
)
def test_id(tmp_path: Path, name: str, expected: str) -> None:
    assert submission_id(tmp_path / name) == expected


def test_a_long_id_fits_a_file_name(tmp_path: Path) -> None:
    assert len(submission_id(tmp_path / ("\u6587" * 300)).encode()) <= 120
