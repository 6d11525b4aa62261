import glob
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.linking.closure import Linked, Linker, configured, link, read_cache, text
from maildoctor.linking.elf import BadElf, Elf, NotElf, sendmail_build
from tests.elf_maker import shared_object

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc here")


class Given:
    """Files that exist only here. None: not readable."""

    def __init__(self, files: Mapping[str, bytes | str | None]) -> None:
        self.files = files
        self.opened: list[str] = []

    def open(self, path: str) -> memoryview | None:
        self.opened.append(path)
        if path not in self.files:
            return None
        found = self.files[path]
        if found is None:
            raise PermissionError(path)
        return memoryview(found if isinstance(found, bytes) else found.encode())

    def read_text(self, path: str) -> str | None:
        found = self.files.get(path)
        return found if isinstance(found, str) else None

    def glob(self, pattern: str) -> list[str]:
        return sorted(path for path in self.files if fnmatch(path, pattern))


class Disk:
    """The files of this machine."""

    def open(self, path: str) -> memoryview | None:
        return memoryview(Path(path).read_bytes()) if os.path.isfile(path) else None

    def read_text(self, path: str) -> str | None:
        return Path(path).read_text() if os.path.isfile(path) else None

    def glob(self, pattern: str) -> list[str]:
        return sorted(glob.glob(pattern))


def gcc(where: Path, name: str, source: str, *options: str) -> str:
    """Compile to `where/name`; a shared object unless the options say otherwise."""
    code = where / f"{name}.c"
    code.parent.mkdir(parents=True, exist_ok=True)
    code.write_text(source)
    kind = () if "-pie" in options or "-no-pie" in options else ("-shared", "-fPIC")
    subprocess.run(["gcc", "-w", *kind, "-o", str(where / name), str(code), *options], check=True, cwd=where)
    return str(where / name)


def faults(linked: Linked) -> dict[str, str]:
    return {library.name: library.fault for library in linked.libraries if library.fault}


def paths(linked: Linked) -> dict[str, str | None]:
    return {library.name: library.path for library in linked.libraries}


# ---- one file


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_class_and_byte_order_is_read(bits: int, order: str) -> None:
    elf = Elf(
        shared_object(
            bits=bits,
            order=order,
            machine=20,
            needed=["libone.so.1", "libtwo.so"],
            soname="libthis.so.2",
            rpath="/a:/b",
            runpath="$ORIGIN",
            interpreter="/lib/ld.so.1",
            defines=["first", "second"],
            uses=["other"],
            weak=["maybe"],
        )
    )
    assert elf.description == f"ELF {bits}-bit {'LSB' if order == '<' else 'MSB'} shared object, PowerPC"
    assert elf.needed == ("libone.so.1", "libtwo.so")
    assert (elf.soname, elf.rpath, elf.runpath, elf.interpreter) == (
        "libthis.so.2", ("/a", "/b"), ("$ORIGIN",), "/lib/ld.so.1"
    )  # fmt: skip
    assert [(s.name, s.version, s.weak) for s in elf.undefined()] == [("other", "", False), ("maybe", "", True)]
    assert elf.defines("first") and elf.defines("second", "ANY_1.0")
    assert not elf.defines("other") and not elf.defines("third")
    assert not elf.bind_now


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty file"),
        (b"# just words\n", "text"),
        (b"#!/bin/sh\n", "script"),
        (b"!<arch>\nx", "archive"),
        (b"# libplain.la - a libtool library file\n", "libtool description"),
        (b"\x00\x01\x02", "data"),
    ],
)
def test_what_is_not_elf_is_named(data: bytes, kind: str) -> None:
    with pytest.raises(NotElf, match=f"^{kind}$"):
        Elf(data)


def test_a_file_cut_off_is_bad_not_foreign() -> None:
    whole = shared_object(needed=["libc.so.6"])
    for length in (4, 15, 40, 63, 100):
        with pytest.raises(BadElf):
            Elf(whole[:length])


def _exercise(data: bytes) -> None:
    """Everything the reader can do; only its own exceptions may come out."""
    try:
        elf = Elf(data)
    except (NotElf, BadElf):
        return
    for step in (
        lambda: (elf.description, elf.needed, elf.soname, elf.rpath, elf.runpath, elf.bind_now, elf.interpreter),
        lambda: (elf.requirements, elf.versions),
        elf.undefined,
        lambda: (elf.defines("first"), elf.defines("memcpy", "GLIBC_2.14"), elf.defines("x", any_version=True)),
        lambda: sendmail_build(data),
    ):
        try:
            step()
        except BadElf:
            continue


_SMALL = shared_object(needed=["a", "b"], soname="s", defines=["first", "x"], uses=["y"])


@pytest.mark.slow
@given(st.data())
@settings(max_examples=300, deadline=2000)
def test_no_damage_gets_past_the_reader(data: st.DataObject) -> None:
    raw = bytearray(_SMALL)
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF]))
    damaged = bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    _exercise(damaged)
    text(link("/p.so", None, Given({"/p.so": damaged})))


@pytest.mark.slow
@needs_gcc
def test_no_damage_of_a_compiled_file_gets_past_either(tmp_path: Path) -> None:
    code = '#include <stdio.h>\nint first(void) { return puts("x"); }'
    path = gcc(tmp_path, "v.so", code, "-Wl,--hash-style=both")
    whole = Path(path).read_bytes()
    tables = min(len(whole), 0x800)
    started = time.monotonic()
    for at in range(0, tables, 3):
        for value in (b"\xff\xff\xff\xff", b"\x01\x00\x00\x00", b"\x00\x00\x00\x80"):
            _exercise(whole[:at] + value + whole[at + 4 :])
    assert time.monotonic() - started < 60


@given(st.binary(max_size=400))
def test_noise_behind_the_magic_is_refused(noise: bytes) -> None:
    _exercise(b"\x7fELF\x02\x01\x01" + noise)
    _exercise(noise)


def test_a_hash_chain_that_bites_its_tail_ends() -> None:
    raw = bytearray(shared_object(defines=["first"]))
    chains = raw.index(struct.pack("<II", 3, 2)) + 8
    raw[chains : chains + 20] = struct.pack("<5I", 1, 1, 1, 0, 1)
    with pytest.raises(BadElf, match="does not end"):
        Elf(bytes(raw)).defines("absent")


def _real_libraries() -> list[str]:
    names = ("libc.so.6", "libcrypto.so.3", "libssl.so.3", "libsasl2.so.2", "libstdc++.so.6", "libz.so.1")
    found = [p for name in names for top in ("/lib/*", "/usr/lib*") for p in glob.glob(f"{top}/{name}")]
    return list({os.path.realpath(p): p for p in found}.values())


@pytest.mark.slow
@pytest.mark.parametrize("path", _real_libraries())
def test_pyelftools_agrees(path: str) -> None:
    elftools = pytest.importorskip("elftools.elf.elffile")
    elf = Elf(Path(path).read_bytes())
    with open(path, "rb") as file:
        theirs = elftools.ELFFile(file)
        dynamic = theirs.get_section_by_name(".dynamic")
        assert elf.needed == tuple(t.needed for t in dynamic.iter_tags("DT_NEEDED"))
        assert [elf.soname] == [t.soname for t in dynamic.iter_tags("DT_SONAME")]
        required = theirs.get_section_by_name(".gnu.version_r")
        needs = {aux["vna_other"]: (aux.name, v.name) for v, auxes in required.iter_versions() for aux in auxes}
        assert sorted((r.version, r.library) for r in elf.requirements) == sorted(needs.values())
        versym = theirs.get_section_by_name(".gnu.version")
        defined = theirs.get_section_by_name(".gnu.version_d")
        names = {v["vd_ndx"]: next(iter(auxes)).name for v, auxes in defined.iter_versions()} if defined else {}
        undefined, known = [], 0
        for index, symbol in enumerate(theirs.get_section_by_name(".dynsym").iter_symbols()):
            ndx = versym.get_symbol(index)["ndx"]
            ndx = ndx if isinstance(ndx, str) else ndx & 0x7FFF
            bind, section = symbol["st_info"]["bind"], symbol["st_shndx"]
            if section == "SHN_UNDEF" and symbol.name and bind in ("STB_GLOBAL", "STB_WEAK"):
                version, library = needs.get(ndx, ("", ""))
                undefined.append((symbol.name, version, library, bind == "STB_WEAK"))
            elif section != "SHN_UNDEF" and bind == "STB_GLOBAL" and index % 20 == 0 and ndx in names and ndx != 1:
                known += 1
                assert elf.defines(symbol.name, names[ndx])
                assert not elf.defines(symbol.name + "x", names[ndx])
                assert not elf.defines(symbol.name, "NOSUCH_9")
        assert [tuple(s) for s in elf.undefined()] == undefined
        assert known or not names or "libssl" not in path


@needs_gcc
@pytest.mark.parametrize("style", ["sysv", "gnu"])
def test_both_hash_tables_find_every_symbol(tmp_path: Path, style: str) -> None:
    names = [f"function_{i}" for i in range(200)]
    path = gcc(tmp_path, "many.so", "".join(f"void {n}(void) {{}}\n" for n in names), f"-Wl,--hash-style={style}")
    elf = Elf(Path(path).read_bytes())
    assert all(elf.defines(n) for n in names)
    assert not any(elf.defines(n + "_") for n in names)


@needs_gcc
def test_32_bit_and_64_bit_do_not_mix(tmp_path: Path) -> None:
    source = "extern void elsewhere(void); void here(void) { elsewhere(); }"
    try:
        narrow = gcc(tmp_path, "narrow.so", source, "-m32", "-nostdlib")
    except subprocess.CalledProcessError:
        pytest.skip("this gcc makes no 32-bit code")
    elf = Elf(Path(narrow).read_bytes())
    assert elf.bits == 32 and elf.defines("here") and [s.name for s in elf.undefined()][:1]
    assert not elf.runs_with(Elf(Path(gcc(tmp_path, "wide.so", source)).read_bytes()))


# ---- Sendmail's options

_SENDMAIL = """
#include <stdio.h>
char Version[] = "8.17.1.9";
static char *Before[] = {"a b", "c d", 0};
static char *CompileOptions[] = {"DNSMAP", "MAXDAEMONS=64", "MIME8TO7", "NAMED_BIND", "SASLv2", "STARTTLS", NULL};
static char *After[] = {"e f", 0};
int main(int argc, char **argv) {
    printf("250-STARTTLS");
    for (char **p = CompileOptions; *p; p++) puts(*p);
    puts(Version); puts(Before[argc]); puts(After[argc]);
}
"""


@needs_gcc
@pytest.mark.parametrize("kind", ["-pie", "-no-pie"])
@pytest.mark.parametrize("stripped", ["-s", "-g"])
def test_sendmail_tells_what_it_was_compiled_with(tmp_path: Path, kind: str, stripped: str) -> None:
    options = (kind, stripped, "-fPIE" if kind == "-pie" else "-fno-pie")
    program = Path(gcc(tmp_path, "sendmail", _SENDMAIL, *options)).read_bytes()
    words = ("DNSMAP", "MAXDAEMONS=64", "MIME8TO7", "NAMED_BIND", "SASLv2", "STARTTLS")
    assert sendmail_build(program) == ("8.17.1.9", words)
    assert Elf(program).type == ("pie executable" if kind == "-pie" else "executable")


@needs_gcc
def test_another_program_has_no_such_options(tmp_path: Path) -> None:
    other = gcc(tmp_path, "other", 'char v[] = "8.1.2";\nint main(void) { return v[0]; }', "-pie", "-fPIE")
    assert sendmail_build(Path(other).read_bytes()) == (None, ())


def test_a_script_is_no_sendmail() -> None:
    with pytest.raises(NotElf):
        sendmail_build(b"#!/bin/sh\n")


# ---- where libraries are looked for (files made by hand)

LIBC = {"/lib/libc.so.6": shared_object(soname="libc.so.6", defines=["puts"])}


def test_a_library_and_a_symbol_in_it_are_found() -> None:
    plugin = shared_object(needed=["libc.so.6"], uses=["puts"], weak=["_ITM_x"], soname="p.so.2")
    linked = link("/p.so", None, Given({**LIBC, "/p.so": plugin}))
    assert text(linked) == "ELF 64-bit LSB shared object, x86-64, soname p.so.2\n\tlibc.so.6 => /lib/libc.so.6\n"


def test_the_search_order_is_glibcs() -> None:
    lib = shared_object()
    for wanted, plugin in {
        "/rpath": shared_object(needed=["liba.so"], rpath="/none:/rpath"),
        "/runpath": shared_object(needed=["liba.so"], rpath="/rpath", runpath="/runpath"),
        "/plug/own": shared_object(needed=["liba.so"], runpath="${ORIGIN}/own"),
        "/opt/conf": shared_object(needed=["liba.so"]),
    }.items():
        known = {f"{d}/liba.so": lib for d in ("/rpath", "/runpath", "/plug/own", "/opt/conf", "/usr/lib", "/lib64")}
        conf = {"/etc/ld.so.conf": "include ld.so.conf.d/*.conf\n", "/etc/ld.so.conf.d/x.conf": "# c\n/opt/conf # x\n"}
        linked = link("/plug/p.so", None, Given({**known, **conf, "/plug/p.so": plugin}))
        assert paths(linked) == {"liba.so": f"{wanted}/liba.so"}


def test_the_multiarch_directory_comes_before_the_old_ones() -> None:
    path = "/usr/lib/aarch64-linux-gnu/liba.so"
    files = {path: shared_object(machine=183), "/usr/lib/liba.so": shared_object(machine=183)}
    linked = link("/p.so", None, Given({**files, "/p.so": shared_object(machine=183, needed=["liba.so"])}))
    assert paths(linked) == {"liba.so": path}


def test_rpath_is_inherited_and_runpath_is_not() -> None:
    files = {
        "/x/liba.so": shared_object(needed=["libb.so"]),
        "/x/libb.so": shared_object(),
        "/rpath.so": shared_object(needed=["liba.so"], rpath="/x"),
        "/runpath.so": shared_object(needed=["liba.so"], runpath="/x"),
    }
    linker = Linker(Given(files))
    assert faults(linker.link("/rpath.so")) == {}
    assert faults(linker.link("/runpath.so")) == {"libb.so": "not found"}


def test_a_library_of_another_class_is_passed_over() -> None:
    files = {
        "/lib64/liba.so": shared_object(bits=32, machine=3),
        "/usr/lib64/liba.so": shared_object(machine=183),
        "/usr/lib/liba.so": shared_object(),
        "/p.so": shared_object(needed=["liba.so"]),
    }
    assert paths(link("/p.so", None, Given(files))) == {"liba.so": "/usr/lib/liba.so"}


def test_what_is_no_library_stops_the_search() -> None:
    files: Mapping[str, bytes | str] = {"/lib64/liba.so": "GROUP ( x )", "/usr/lib/liba.so": shared_object()}
    linked = link("/p.so", None, Given({**files, "/p.so": shared_object(needed=["liba.so"])}))
    assert "\tliba.so => /lib64/liba.so (not an ELF file: text)\n" in text(linked)


def test_what_we_may_not_read_is_not_called_missing() -> None:
    files = {"/lib/liba.so": None, "/p.so": shared_object(needed=["liba.so"], uses=["something"])}
    linked = link("/p.so", None, Given(files))
    assert faults(linked) == {"liba.so": "not readable"}
    assert linked.undefined == ()
    assert link("/p.so", None, Given({"/p.so": None})).fault == "not readable"
    assert link("/p.so", None, Given({})).fault == "no such file"


def test_a_name_no_file_can_have_is_not_found(tmp_path: Path) -> None:
    plugin = tmp_path / "p.so"
    plugin.write_bytes(shared_object(needed=["l" * 5000, "a/b"]))

    class Strict(Disk):
        def open(self, path: str) -> memoryview | None:
            with open(path, "rb") as file:
                return memoryview(file.read())

    assert set(faults(link(str(plugin), None, Strict())).values()) == {"not found"}


def _cache(*rows: tuple[str, str, int]) -> bytes:
    strings, entries, start = b"", b"", 48 + 24 * len(rows)
    for name, path, processor in rows:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        entries += struct.pack("<iIIIQ", 0x303, key, start + len(strings), 0, processor)
        strings += path.encode() + b"\0"
    return b"glibc-ld.so.cache1.1" + struct.pack("<II", len(rows), len(strings)) + b"\0" * 20 + entries + strings


def test_the_cache_is_asked_and_the_configuration_then_is_not() -> None:
    cache = _cache(("liba.so", "/special/liba.so", 1 << 62), ("liba.so", "/c/liba.so", 0))
    files: Mapping[str, bytes | str] = {
        "/etc/ld.so.cache": cache,
        "/etc/ld.so.conf": "/opt/conf\n",
        "/c/liba.so": shared_object(),
        "/special/liba.so": shared_object(),
        "/opt/conf/libnew.so": shared_object(),
        "/p.so": shared_object(needed=["liba.so", "libnew.so"]),
    }
    assert paths(link("/p.so", None, Given(files))) == {"liba.so": "/c/liba.so", "libnew.so": None}


def test_a_cache_we_do_not_know_is_no_cache() -> None:
    assert read_cache(memoryview(b"ld.so-1.7.0\0"), "LSB") is None
    assert read_cache(memoryview(b"glibc-ld.so.cache1.1" + b"\xff" * 60), "LSB") is None


@given(st.binary(max_size=200))
def test_no_cache_breaks_the_reader(noise: bytes) -> None:
    read_cache(memoryview(_cache(("a", "/a", 0))[:-30] + noise), "LSB")
    read_cache(memoryview(noise), "MSB")


def test_a_configuration_that_includes_itself_ends() -> None:
    files = Given({"/etc/ld.so.conf": "include /etc/ld.so.conf\ninclude *.conf\n/a\n"})
    assert configured(files) == ["/a"]


def test_musl_is_loader_and_c_library_in_one() -> None:
    libc = shared_object(defines=["puts"])
    program = shared_object(needed=["libc.musl-x86_64.so.1"], interpreter="/lib/ld-musl-x86_64.so.1")
    files = {
        "/lib/ld-musl-x86_64.so.1": libc,
        "/usr/sbin/sendmail": program,
        "/usr/local/lib/liba.so": shared_object(),
        "/usr/lib/liba.so": shared_object(),
        "/p.so": shared_object(needed=["liba.so", "libc.musl-x86_64.so.1"], uses=["puts", "gone"]),
    }
    linked = link("/p.so", "/usr/sbin/sendmail", Given(files))
    assert paths(linked)["liba.so"] == "/usr/local/lib/liba.so"
    assert [u.symbol for u in linked.undefined] == ["gone"]
    files["/etc/ld-musl-x86_64.path"] = b""
    named = Given({**files, "/etc/ld-musl-x86_64.path": "/usr/lib\n/elsewhere"})
    assert paths(link("/p.so", "/usr/sbin/sendmail", named))["liba.so"] == "/usr/lib/liba.so"


def test_a_symbol_may_come_from_the_program_or_its_libraries() -> None:
    files = {
        **LIBC,
        "/lib/libsasl2.so.2": shared_object(soname="libsasl2.so.2", defines=["sasl_it"]),
        "/sendmail": shared_object(needed=["libsasl2.so.2", "libc.so.6"], defines=["of_sendmail"]),
        "/p.so": shared_object(uses=["sasl_it", "of_sendmail", "des_ecb_encrypt"]),
    }
    linked = link("/p.so", "/sendmail", Given(files))
    assert [tuple(u) for u in linked.undefined] == [("des_ecb_encrypt", "", "/p.so")]
    assert text(linked).endswith("undefined symbol: des_ecb_encrypt\t(/p.so)\n")
    assert len(link("/p.so", None, Given(files)).undefined) == 3


def test_a_program_that_cannot_be_read_accuses_nobody() -> None:
    files = {**LIBC, "/sendmail": None, "/p.so": shared_object(needed=["libc.so.6"], uses=["of_sendmail"])}
    assert link("/p.so", "/sendmail", Given(files)).undefined == ()


def test_a_library_the_program_has_is_not_looked_for_again() -> None:
    files = {
        "/own/liba.so": shared_object(soname="liba.so"),
        "/sendmail": shared_object(needed=["liba.so"], rpath="/own"),
        "/p.so": shared_object(needed=["liba.so"]),
    }
    assert paths(link("/p.so", "/sendmail", Given(files))) == {"liba.so": "/own/liba.so"}


def test_every_file_is_opened_once() -> None:
    files = Given({**LIBC, **{f"/p{i}.so": shared_object(needed=["libc.so.6"]) for i in range(5)}})
    for i in range(5):
        link(f"/p{i}.so", None, files)
    assert len(files.opened) == len(set(files.opened))


def test_libraries_that_need_each_other_end() -> None:
    files = {"/lib/liba.so": shared_object(needed=["libb.so"]), "/lib/libb.so": shared_object(needed=["liba.so"])}
    assert len(link("/lib/liba.so", None, Given(files)).libraries) == 2


def test_endless_libraries_end() -> None:
    files = {f"/lib/l{i}.so": shared_object(needed=[f"l{i + 1}.so"]) for i in range(1500)}
    assert "too many" in link("/lib/l0.so", None, Given(files)).fault


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    linked = link("/p.so", None, Given({"/p.so": shared_object(needed=["lib\nundefined symbol: x"])}))
    assert text(linked).splitlines()[1] == "\tlib\\nundefined symbol: x => not found"


# ---- compiled by gcc, against this machine's own loader

_PLUGIN = "extern int des_ecb_encrypt(void); int sasl_server_plug_init(void) { return des_ecb_encrypt(); }"
_OLD_AND_NEW = "OLD_1 { global: old_one; local: *; }; NEW_2 { global: des_ecb_encrypt; } OLD_1;"


def _ldd(path: str) -> str:
    done = subprocess.run(["ldd", "-r", path], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@needs_gcc
def test_the_undefined_symbol_of_2002(tmp_path: Path) -> None:
    plugin = gcc(tmp_path, "libdigestmd5.so", _PLUGIN)
    linked = link(plugin, None, Disk())
    assert f"undefined symbol: des_ecb_encrypt\t({plugin})" in text(linked).splitlines()
    assert [u.symbol for u in linked.undefined] == ["des_ecb_encrypt"]


@needs_gcc
def test_a_weak_symbol_may_stay_undefined(tmp_path: Path) -> None:
    plugin = gcc(tmp_path, "p.so", "extern __attribute__((weak)) int perhaps(void); int f(void) { return perhaps(); }")
    assert link(plugin, None, Disk()).undefined == ()


@needs_gcc
def test_a_missing_library_is_named_and_its_symbols_are_not_counted(tmp_path: Path) -> None:
    gone = gcc(tmp_path, "libgone.so", "int des_ecb_encrypt(void) { return 1; }", "-Wl,-soname,libgone.so.9")
    plugin = gcc(tmp_path, "p.so", _PLUGIN, gone)
    linked = link(plugin, None, Disk())
    assert faults(linked) == {"libgone.so.9": "not found"}
    assert linked.undefined == ()


@needs_gcc
def test_runpath_from_the_plugins_own_place(tmp_path: Path) -> None:
    library = gcc(tmp_path / "deps", "libdep.so", "int des_ecb_encrypt(void) { return 1; }", "-Wl,-soname,libdep.so")
    plugin = gcc(tmp_path, "p.so", _PLUGIN, library, "-Wl,--enable-new-dtags,-rpath,$ORIGIN/deps")
    linked = link(plugin, None, Disk())
    assert paths(linked)["libdep.so"] == str(tmp_path / "deps" / "libdep.so")
    assert not faults(linked) and not linked.undefined


@needs_gcc
def test_a_version_that_the_library_has_no_more(tmp_path: Path) -> None:
    script = tmp_path / "versions"
    script.write_text(_OLD_AND_NEW)
    both = "int old_one(void) { return 0; } int des_ecb_encrypt(void) { return 1; }"
    options = (f"-Wl,--version-script={script}", "-Wl,-soname,libdep.so")
    library = gcc(tmp_path, "libdep.so", both, *options)
    plugin = gcc(tmp_path, "p.so", _PLUGIN, library, f"-Wl,-rpath,{tmp_path}")
    assert link(plugin, None, Disk()).undefined == ()
    script.write_text("OLD_1 { global: old_one; local: *; };")
    gcc(tmp_path, "libdep.so", "int old_one(void) { return 0; }", *options)
    linked = link(plugin, None, Disk())
    assert [tuple(v) for v in linked.versions] == [("NEW_2", library, plugin)]
    assert [tuple(u) for u in linked.undefined] == [("des_ecb_encrypt", "NEW_2", plugin)]
    assert f"{library}: version `NEW_2' not found (required by {plugin})" in text(linked)


@needs_gcc
def test_a_library_without_versions_satisfies_any(tmp_path: Path) -> None:
    script = tmp_path / "versions"
    script.write_text(_OLD_AND_NEW)
    both = "int old_one(void) { return 0; } int des_ecb_encrypt(void) { return 1; }"
    library = gcc(tmp_path, "libdep.so", both, f"-Wl,--version-script={script}", "-Wl,-soname,libdep.so")
    plugin = gcc(tmp_path, "p.so", _PLUGIN, library, f"-Wl,-rpath,{tmp_path}")
    gcc(tmp_path, "libdep.so", both, "-Wl,-soname,libdep.so")
    linked = link(plugin, None, Disk())
    assert not linked.versions and not linked.undefined


@needs_gcc
def test_the_program_lends_its_symbols(tmp_path: Path) -> None:
    plugin = gcc(tmp_path, "p.so", _PLUGIN)
    code = "int des_ecb_encrypt(void) { return 1; } int main(void) { return 0; }"
    lends = gcc(tmp_path, "lends", code, "-pie", "-fPIE", "-rdynamic")
    keeps = gcc(tmp_path, "keeps", code, "-pie", "-fPIE")
    assert link(plugin, lends, Disk()).undefined == ()
    assert [u.symbol for u in link(plugin, keeps, Disk()).undefined] == ["des_ecb_encrypt"]


@needs_gcc
@pytest.mark.skipif(not shutil.which("ldd"), reason="no ldd here")
def test_ldd_says_the_same(tmp_path: Path) -> None:
    gone = gcc(tmp_path, "libgone.so", "int other(void) { return 1; }", "-Wl,-soname,libgone.so.9")
    plugin = gcc(tmp_path, "p.so", _PLUGIN, "-Wl,--no-as-needed", gone, "-lm")
    theirs = _ldd(plugin)
    ours = link(plugin, None, Disk())
    assert {n for n, f in faults(ours).items() if f} == {"libgone.so.9"}
    assert "libgone.so.9 => not found" in theirs
    for name, path in paths(ours).items():
        if path and not name.startswith("ld-"):
            assert f"{name} => {path} (" in theirs
