import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.facts.cyrus.plugins import MECHANISMS, Directory, Plugins
from maildoctor.facts.packages import install_command, package_for

HERE = "/usr/lib/x86_64-linux-gnu/sasl2"
GOOD = f"""\
program: ELF 64-bit LSB pie executable, x86-64
directory: {HERE}
plugin: {HERE}/libdigestmd5.so -> {HERE}/libdigestmd5.so.2.0.25
-rw-r--r-- 1 root root 60008 2022-11-22 06:00:00.000000000 +0000 {HERE}/libdigestmd5.so.2.0.25
ELF 64-bit LSB shared object, x86-64, soname libdigestmd5.so.2
\tlibcrypto.so.3 => /usr/lib/x86_64-linux-gnu/libcrypto.so.3
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6
"""
BROKEN = GOOD + f"undefined symbol: des_ecb_encrypt, version OPENSSL_3.0.0\t({HERE}/libdigestmd5.so)\n"


def one(*lines: str, program: str = "ELF 64-bit LSB pie executable, x86-64") -> Plugins:
    plugin = f"plugin: {HERE}/libscram.so -> {HERE}/libscram.so.2.0.25"
    return Plugins.parse("\n".join([f"program: {program}", plugin, *lines]))


def test_a_plugin_that_loads() -> None:
    fact = Plugins.parse(GOOD)
    (plugin,) = fact.plugins
    assert fact.directories == (Directory(HERE, "present"),)
    assert (plugin.path, plugin.target) == (f"{HERE}/libdigestmd5.so", f"{HERE}/libdigestmd5.so.2.0.25")
    assert (plugin.name, plugin.kind, plugin.mechanisms) == ("digestmd5", "mechanism", ("DIGEST-MD5",))
    assert plugin.mode_line.startswith("-rw-r--r-- 1 root")
    assert (plugin.soname, plugin.elf_class, plugin.machine) == ("libdigestmd5.so.2", 64, "x86-64")
    assert plugin.libraries[0] == ("libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3")
    assert plugin.libsasl == "libsasl2.so.2"
    assert plugin.loads and plugin.problem == ""
    assert fact.mechanisms == ("DIGEST-MD5",)
    assert fact.by_mechanism("digest-md5") == (plugin,)


def test_the_undefined_symbol_of_2002() -> None:
    fact = Plugins.parse(BROKEN)
    (plugin,) = fact.plugins
    assert plugin.undefined == (("des_ecb_encrypt", "OPENSSL_3.0.0"),)
    assert not plugin.loads
    assert plugin.problem == "nothing defines the symbol des_ecb_encrypt, version OPENSSL_3.0.0"
    assert fact.mechanisms == ()
    assert fact.by_mechanism("DIGEST-MD5") == (plugin,)


def test_what_ldd_prints_can_be_pasted() -> None:
    (plugin,) = one(
        "ELF 64-bit LSB shared object, x86-64, version 1 (SYSV), dynamically linked, stripped",
        "\tlinux-vdso.so.1 (0x00007fea18d18000)",
        "\tlibcrypto.so.3 => /lib/x86_64-linux-gnu/libcrypto.so.3 (0x00007fea18800000)",
        "\tlibgssapi_krb9.so.2 => not found",
        "\t/lib64/ld-linux-x86-64.so.2 (0x00007fea18d1a000)",
        "./libscram.so: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./libscram.so)",
        "undefined symbol: EVP_nothing, version OPENSSL_3.0.0\t(./libscram.so)",
        "undefined symbol: plain_thing\t(./libscram.so)",
        "symbol old_thing, version OPENSSL_1.0.0 not defined in file libcrypto.so.1 with link time reference\t(./x)",
    ).plugins
    assert plugin.machine == "x86-64"
    assert plugin.libraries == (
        ("libcrypto.so.3", "/lib/x86_64-linux-gnu/libcrypto.so.3"),
        ("libgssapi_krb9.so.2", ""),
    )
    assert plugin.missing_libraries == ("libgssapi_krb9.so.2",)
    assert plugin.needs_versions == (("GLIBC_2.38", "/lib/x86_64-linux-gnu/libc.so.6"),)
    assert plugin.undefined == (
        ("EVP_nothing", "OPENSSL_3.0.0"), ("plain_thing", ""), ("old_thing", "OPENSSL_1.0.0")
    )  # fmt: skip
    assert plugin.problem == "it needs libgssapi_krb9.so.2, which cannot be found"


@pytest.mark.parametrize(
    "line",
    [
        "undefined symbol: des_ecb_encrypt\t(/usr/lib/sasl/libdigestmd5.so)",
        "\tsymbol not found: des_ecb_encrypt\t\t(/usr/lib/sasl/libdigestmd5.so)",
        "/usr/lib/sendmail: fatal: relocation error: file /usr/lib/sasl/libdigestmd5.so: symbol des_ecb_encrypt: "
        "referenced symbol not found",
        "Error relocating /usr/lib/sasl2/libdigestmd5.so: des_ecb_encrypt: symbol not found",
    ],
)
def test_every_loader_says_it_in_its_own_words(line: str) -> None:
    assert one(line).plugins[0].undefined == (("des_ecb_encrypt", ""),)


@pytest.mark.parametrize(
    "line",
    [
        "\tlibdb.so.3 =>\t (file not found)",
        "\tlibdb.so.3 => not found",
        "Error loading shared library libdb.so.3: No such file or directory (needed by ./libsasldb.so)",
    ],
)
def test_every_loader_misses_in_its_own_words(line: str) -> None:
    assert one(line).plugins[0].missing_libraries == ("libdb.so.3",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not an ELF file: text", "it is not a library (text)"),
        ("empty file", "it is not a library (empty file)"),
        ("damaged ELF file: it ends", "it is not a library (damaged ELF file: it ends)"),
        ("ELF 32-bit LSB shared object, Intel 80386", "it is 32-bit, but the program is 64-bit"),
        ("ELF 64-bit LSB shared object, ARM aarch64", "it was made for ARM aarch64, but the program for x86-64"),
        ("\tliba.so => /lib/liba.so (empty file)", "it needs liba.so, and what is there is no such library"),
        ("version `V_2' not found (required by x)", "it needs version V_2 of a library, which does not have it"),
        ("x: liba: version `V_2' not found (required by x)", "it needs version V_2 of liba, which does not have it"),
    ],
)
def test_why_it_would_be_refused(line: str, problem: str) -> None:
    assert one(line).plugins[0].problem == problem


def test_without_a_program_no_class_is_wrong() -> None:
    assert one("ELF 32-bit LSB shared object, Intel 80386", program="").plugins[0].loads


@pytest.mark.parametrize(
    ("line", "target"),
    [("plugin: /d/libplain.so dangling -> /gone/x.so", "/gone/x.so"), ("plugin: /d/libplain.so -> missing", "")],
)
def test_a_dangling_link(line: str, target: str) -> None:
    (plugin,) = Plugins.parse(line).plugins
    assert plugin.dangling and not plugin.loads
    assert plugin.target == target
    assert plugin.problem.endswith("which does not exist")


@pytest.mark.parametrize("said", [" unreadable", " -> unreadable", "\nnot readable", "\nunreadable: no right"])
def test_what_could_not_be_read_is_not_accused(said: str) -> None:
    (plugin,) = Plugins.parse("plugin: /d/libplain.so" + said).plugins
    assert plugin.unreadable and plugin.loads


def test_directories_and_their_states() -> None:
    fact = Plugins.parse(
        "directory: /usr/lib/sasl2\ndirectory: /a missing\ndirectory: /b unreadable\n"
        "directory: /usr/lib/sasl dangling -> /opt/local/lib/sasl"
    )
    assert fact.directories == (
        Directory("/usr/lib/sasl2", "present"),
        Directory("/a", "missing"),
        Directory("/b", "unreadable"),
        Directory("/usr/lib/sasl", "dangling", "/opt/local/lib/sasl"),
    )


def test_files_without_the_name_that_is_tried() -> None:
    fact = Plugins.parse(
        "directory: /d\nplugin: /d/libplain.so -> /d/libplain.so.2.0.25\nfile: /d/libplain.so.2\n"
        "file: /d/libscram.so.2.0.25\nfile: /d/libscram.so.2\n"
        "file: /d/libotp.la\nfile: /d/libotp.so.2\nfile: /d/notes.txt"
    )
    assert fact.untried == ("/d/libscram.so.2",)


@pytest.mark.parametrize(
    ("library", "backend"),
    [("libdb-5.3.so", "berkeley"), ("libdb.so.3", "berkeley"), ("libgdbm.so.6", "gdbm"), ("liblmdb.so.0", "lmdb"),
     ("libdbus-1.so.3", None)],
)  # fmt: skip
def test_the_database_behind_sasldb(library: str, backend: str | None) -> None:
    fact = Plugins.parse(f"plugin: /d/libsasldb.so\nELF 64-bit LSB shared object, x86-64\n\t{library} => /l/{library}")
    assert fact.backend == backend
    assert fact.backend_library == (library if backend else None)
    assert fact.auxprop == ("sasldb",)
    assert fact.plugins[0].kind == "auxprop"


@pytest.mark.parametrize(
    ("lines", "library"),
    [
        ("plugin: /d/libplain.so -> /d/libplain.so.3.0.0", "libsasl2.so.3"),
        ("plugin: /d/libplain.so -> /d/libplain.so.1.0.15", "libsasl.so.7"),
        ("plugin: /d/libx.so\nELF 64-bit LSB shared object, x86-64\n\tlibsasl2.so.3 => /l/x", "libsasl2.so.3"),
        ("plugin: /d/libx.so", None),
    ],
)
def test_the_library_a_plugin_was_made_for(lines: str, library: str | None) -> None:
    assert Plugins.parse(lines).plugins[0].libsasl == library


def test_scram_brings_five_and_answers_for_plus() -> None:
    fact = one("ELF 64-bit LSB shared object, x86-64, soname libscram.so.2")
    assert len(fact.mechanisms) == 5
    assert fact.by_mechanism("SCRAM-SHA-256-PLUS") == fact.plugins


def test_nothing_said_is_nothing_known() -> None:
    assert Plugins.parse("") == Plugins((), ())


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for plugin in Plugins.parse("plugin: " + text + "\n" + text).plugins:
        assert isinstance(plugin.problem, str)
        assert isinstance(plugin.libsasl, str | None)


@pytest.mark.parametrize(
    ("wanted", "distribution", "package"),
    [
        ("DIGEST-MD5", "debian", "libsasl2-modules"),
        ("sasldb", "ubuntu", "libsasl2-modules-db"),
        ("GSSAPI", "debian", "libsasl2-modules-gssapi-mit"),
        ("CRAM-MD5", "rhel", "cyrus-sasl-md5"),
        ("SCRAM-SHA-256-PLUS", "rocky", "cyrus-sasl-scram"),
        ("/usr/lib64/sasl2/liblogin.so", "fedora", "cyrus-sasl-plain"),
        ("LOGIN", "alpine", "cyrus-sasl-login"),
        ("ldapdb", "opensuse-leap", "cyrus-sasl-ldap-auxprop"),
        ("plain", "freebsd", "cyrus-sasl"),
        ("GS2-KRB5", "sles", "cyrus-sasl-gs2"),
        ("PLAIN", "plan9", "cyrus-sasl"),
        ("OTP", "rhel fedora", "cyrus-sasl"),
        ("libsasl2.so.3", "fedora", "cyrus-sasl-lib"),
    ],
)
def test_which_package_brings_it(wanted: str, distribution: str, package: str) -> None:
    assert package_for(wanted, distribution) == package


def test_how_to_install_it_again() -> None:
    assert install_command("libsasl2-modules", "debian") == "apt-get install libsasl2-modules"
    assert install_command("libsasl2-modules", "debian", again=True) == "apt-get install --reinstall libsasl2-modules"
    assert install_command("x", "centos", again=True) == "dnf reinstall x"
    assert install_command("x", "alpine", again=True) == "apk fix x"
    assert install_command("x", "suse", again=True) == "zypper install -f x"
    assert install_command("x", "freebsd", again=True) == "pkg install -f x"
    assert install_command("x", "plan9") == ""


def test_every_plugin_has_a_package_everywhere() -> None:
    for distribution in ("debian", "fedora", "alpine", "suse", "freebsd", "arch", ""):
        assert all(package_for(plugin, distribution) for plugin in MECHANISMS)
