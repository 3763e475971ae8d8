"""Texts of a plugin's files, some of a given length, that once took long or might."""

from __future__ import annotations

MANIFEST = "name: tiny\nplugins: {endpoints: [group/tiny.yaml]}\n"
GROUP = "endpoints: [endpoints/duck.yaml]\n"
ENDPOINT = "path: %s\nmethod: GET\nextra: {python: {source: endpoints/duck.py}}\n"


def attacks(n: int) -> dict[str, tuple[str, str]]:
    """Return the file and the text of each attack, of some `n` bytes where length is the attack."""
    return {
        "yaml nested flow": ("manifest.yaml", "[" * n),
        "yaml nested map": ("manifest.yaml", "{a: " * (n // 4)),
        "yaml nested dash": ("manifest.yaml", "- " * (n // 2)),
        "yaml question": ("manifest.yaml", "? " * (n // 2)),
        "yaml anchors": (
            "manifest.yaml",
            MANIFEST + "\n".join(f"a{i}: &a{i} [x]" for i in range(n // 14)),
        ),
        "yaml bomb": (
            "manifest.yaml",
            MANIFEST
            + "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "\n".join(
                f"{chr(98 + i)}: &{chr(98 + i)} [" + ",".join(["*" + chr(97 + i)] * 9) + "]"
                for i in range(15)
            ),
        ),
        "yaml merge bomb": (
            "manifest.yaml",
            MANIFEST
            + "a: &a {x: 1}\n"
            + "\n".join(
                f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [*{chr(97 + i)}, *{chr(97 + i)}], k{i}: 1}}"
                for i in range(20)
            ),
        ),
        "yaml keys": ("manifest.yaml", MANIFEST + "\n".join(f"k{i}: 1" for i in range(n // 9))),
        "yaml same keys": ("manifest.yaml", MANIFEST + "k: 1\n" * (n // 5)),
        "yaml quotes": ("manifest.yaml", MANIFEST + 'a: "' + "\\x41" * (n // 4) + '"'),
        "yaml spaces": ("manifest.yaml", MANIFEST + "a: " + " " * n + "b"),
        "yaml newlines": ("manifest.yaml", MANIFEST + 'a: "' + "\n" * n + '"'),
        "yaml plain multi": ("manifest.yaml", MANIFEST + "a: " + "b\n " * (n // 3)),
        "yaml sexagesimal": ("manifest.yaml", MANIFEST + "a: 1" + ":1" * (n // 2)),
        "yaml sexagesimal float": ("manifest.yaml", MANIFEST + "a: 1" + ":1" * (n // 2) + ".5"),
        "yaml digits": ("manifest.yaml", MANIFEST + "a: " + "1" * n),
        "yaml underscores": ("manifest.yaml", MANIFEST + "a: 1" + "_" * n),
        "yaml hex": ("manifest.yaml", MANIFEST + "a: 0x" + "f" * n),
        "yaml bin": ("manifest.yaml", MANIFEST + "a: 0b" + "1" * n),
        "yaml octal": ("manifest.yaml", MANIFEST + "a: 0" + "1" * n),
        "yaml float": ("manifest.yaml", MANIFEST + "a: " + "1" * n + "e"),
        "yaml float dots": ("manifest.yaml", MANIFEST + "a: " + "1." * (n // 2)),
        "yaml timestamp": ("manifest.yaml", MANIFEST + "a: 2001-12-14 " + " " * n + "x"),
        "yaml binary": ("manifest.yaml", MANIFEST + "a: !!binary " + "A" * n),
        "yaml tags": ("manifest.yaml", MANIFEST + "a: " + "!" * n),
        "yaml percent tag": ("manifest.yaml", MANIFEST + "a: !<" + "%41" * (n // 3) + ">"),
        "yaml docs": ("manifest.yaml", "---\n" * (n // 4)),
        "yaml directives": ("manifest.yaml", "%TAG !a! b\n" * (n // 11)),
        "yaml comments": ("manifest.yaml", MANIFEST + "#\n" * (n // 2)),
        "yaml colon": ("manifest.yaml", MANIFEST + "a: {" + "b: " * (n // 3)),
        "yaml commas": ("manifest.yaml", MANIFEST + "a: [" + "," * n + "]"),
        "yaml flow list": ("manifest.yaml", MANIFEST + "a: [" + "b," * (n // 2) + "]"),
        "yaml block scalar": ("manifest.yaml", MANIFEST + "a: |\n" + " x\n" * (n // 3)),
        "yaml long key": ("manifest.yaml", MANIFEST + "a" * n + ": 1"),
        "yaml nested 90 long keys": (
            "manifest.yaml",
            MANIFEST + "\n".join(" " * i + ("k" * 1000) + ":" for i in range(90)),
        ),
        "manifest many groups": (
            "manifest.yaml",
            "name: tiny\nplugins:\n  endpoints:\n"
            + "\n".join(f"  - group/nope{i}.yaml" for i in range(n // 24)),
        ),
        "manifest same group": (
            "manifest.yaml",
            "name: tiny\nplugins:\n  endpoints:\n"
            + "\n".join("  - group/tiny.yaml" for i in range(n // 20)),
        ),
        "manifest long ref": (
            "manifest.yaml",
            "name: tiny\nplugins: {endpoints: [" + "a" * n + "]}",
        ),
        "manifest ref dots": (
            "manifest.yaml",
            'name: tiny\nplugins: {endpoints: ["' + "a/../" * (n // 5) + 'x"]}',
        ),
        "manifest name long": (
            "manifest.yaml",
            "name: " + "a" * n + "\nplugins: {endpoints: [group/tiny.yaml]}",
        ),
        "manifest version long": ("manifest.yaml", MANIFEST + "version: " + "1." * (n // 2)),
        "manifest plugins keys": (
            "manifest.yaml",
            "name: tiny\nplugins:\n" + "\n".join(f"  k{i}: 1" for i in range(n // 9)),
        ),
        "group settings": (
            "group/tiny.yaml",
            GROUP
            + "settings:\n"
            + "\n".join(f"  s{i}: {{type: text-input}}" for i in range(n // 30)),
        ),
        "group settings odd types": (
            "group/tiny.yaml",
            GROUP
            + "settings:\n"
            + "\n".join(f"  s{i}: {{type: text-inpu}}" for i in range(n // 30)),
        ),
        "group settings missing types": (
            "group/tiny.yaml",
            GROUP + "settings:\n" + "\n".join(f"  s{i}: {{tipe: x}}" for i in range(n // 20)),
        ),
        "group one setting many keys": (
            "group/tiny.yaml",
            GROUP + "settings:\n  s:\n" + "\n".join(f"    k{i}: x" for i in range(n // 12)),
        ),
        "group setting long type": (
            "group/tiny.yaml",
            GROUP + "settings: {s: {type: " + "text-input" * (n // 10) + "}}",
        ),
        "group select options": (
            "group/tiny.yaml",
            GROUP
            + "settings: {s: {type: select, default: ["
            + ",".join("x" for i in range(n // 4))
            + "], options: ["
            + ",".join(f"o{i}" for i in range(n // 12))
            + "]}}",
        ),
        "group endpoints": (
            "group/tiny.yaml",
            "endpoints:\n" + "- endpoints/duck.yaml\n" * (n // 23),
        ),
        "group endpoints nope": (
            "group/tiny.yaml",
            "endpoints:\n" + "\n".join(f"- endpoints/n{i}.yaml" for i in range(n // 22)),
        ),
        "group endpoints inline": (
            "group/tiny.yaml",
            "endpoints:\n"
            + "\n".join(
                f"- {{path: /a{i}, method: GET, extra: {{python: {{source: endpoints/duck.py}}}}}}"
                for i in range(n // 75)
            ),
        ),
        "group deep default": (
            "group/tiny.yaml",
            GROUP + "settings: {s: {type: any, default: " + "[" * 150 + "]" * 150 + "}}",
        ),
        "endpoint path a": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "a" * n + '"')),
        "endpoint path <a(": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "<a(" * (2000 // 3) + '"')),
        "endpoint path <a( long": (
            "endpoints/duck.yaml",
            ENDPOINT % ('"/' + "<a(" * (n // 3) + '"'),
        ),
        "endpoint path <<<": ("endpoints/duck.yaml", ENDPOINT % ('"/' + "<" * 2000 + '"')),
        "endpoint path vars": (
            "endpoints/duck.yaml",
            ENDPOINT % ('"' + "".join(f"/<a{i}>" for i in range(250)) + '"'),
        ),
        "endpoint path len": (
            "endpoints/duck.yaml",
            ENDPOINT % '"/<string(length=99999999999):a>"',
        ),
        "endpoint path minlen": (
            "endpoints/duck.yaml",
            ENDPOINT % '"/<string(minlength=4294967294):a>"',
        ),
        "endpoint path digits": (
            "endpoints/duck.yaml",
            ENDPOINT % ('"/<int(min=' + "9" * 1900 + '):a>"'),
        ),
        "endpoint path any": (
            "endpoints/duck.yaml",
            ENDPOINT % ('"/<any(' + ",".join(["a"] * 900) + '):a>"'),
        ),
        "endpoint path slashes": ("endpoints/duck.yaml", ENDPOINT % ('"' + "/" * 2000 + '"')),
        "endpoint path quotes": (
            "endpoints/duck.yaml",
            ENDPOINT % ("'/<any(" + '"' * 1500 + "):a>'"),
        ),
        "endpoint path args": (
            "endpoints/duck.yaml",
            ENDPOINT % ("'/<string(" + "a=1," * 400 + "):a>'"),
        ),
        "endpoint path args spaces": (
            "endpoints/duck.yaml",
            ENDPOINT % ("'/<string(" + "a = " + " " * 1900 + "):a>'"),
        ),
        "endpoint method long": (
            "endpoints/duck.yaml",
            "path: /a\nmethod: "
            + "GET" * (n // 3)
            + "\nextra: {python: {source: endpoints/duck.py}}",
        ),
        "req spaces": ("requirements.txt", " " * n + "x"),
        "req a spaces": ("requirements.txt", "a" + " " * n + "x"),
        "req tabs": ("requirements.txt", "a" + "\t \t" * (n // 3) + "x"),
        "req hash": ("requirements.txt", "a " + " #" * (n // 2)),
        "req dots": ("requirements.txt", "a." * (n // 2)),
        "req extras": ("requirements.txt", "a[" + "b," * (n // 2) + "]"),
        "req versions": ("requirements.txt", "a" + ",".join([">=1"] * (n // 4))),
        "req long version": ("requirements.txt", "a==" + "1." * (n // 2) + "1"),
        "req long digits": ("requirements.txt", "a==" + "1" * n),
        "req local": ("requirements.txt", "a==1+" + "a." * (n // 2)),
        "req marker or": (
            "requirements.txt",
            "a; " + " or ".join(["python_version<'3'"] * (n // 23)),
        ),
        "req marker parens": ("requirements.txt", "a; " + "(" * n),
        "req marker parens 900": (
            "requirements.txt",
            "a; " + "(" * 5000 + "python_version<'3'" + ")" * 5000,
        ),
        "req continuation": ("requirements.txt", "a\\\n" * (n // 3)),
        "req lines": ("requirements.txt", "a==1\n" * (n // 5)),
        "req includes": ("requirements.txt", "-r requirements.txt\n" * (n // 20)),
        "req egg": ("requirements.txt", "git+https://x/y#" + "egg=a[&" * (n // 7)),
        "req url": ("requirements.txt", "http://" + "a@" * (n // 2)),
        "req vars": ("requirements.txt", "${A" * (n // 3)),
        "req options": ("requirements.txt", "--index-url " * (n // 12)),
        "req options2": ("requirements.txt", "--a" + " " * n + "\x0b="),
        "req hash opts": ("requirements.txt", "a==1" + " --hash=sha256:" + "0" * n),
        "req hash many": ("requirements.txt", "a==1" + " --hash=sha256:00" * (n // 17)),
        "req quotes": ("requirements.txt", "a; python_version < " + "'" * n),
        "req at": ("requirements.txt", "a" + "@" * n),
        "req paths": ("requirements.txt", "./" + "a/" * (n // 2)),
        "req nul": ("requirements.txt", "a\0b==1\n./a\0b\n-r a\0b\n-e ./\0\n"),
        "req surr": ("requirements.txt", "a==1\ud800\n"),
        "toml deep key": ("pyproject.toml", "a." * (n // 2) + "a = 1"),
        "toml deep header": ("pyproject.toml", "[" + "a." * (n // 2) + "a]"),
        "toml deep quoted": ("pyproject.toml", "[" + '"a".' * (n // 4) + "a]"),
        "toml 99 keys": (
            "pyproject.toml",
            "\n".join("a." * 99 + f"k{i} = 1" for i in range(n // 206)),
        ),
        "toml arrays": ("pyproject.toml", "a = " + "[" * n),
        "toml arrays closed": ("pyproject.toml", "a = " + "[" * 400 + "]" * 400),
        "toml inline": ("pyproject.toml", "a = " + "{a=" * (n // 3)),
        "toml keys": ("pyproject.toml", "\n".join(f"k{i} = 1" for i in range(n // 9))),
        "toml tables": ("pyproject.toml", "\n".join(f"[t{i}]" for i in range(n // 7))),
        "toml aot": ("pyproject.toml", "[[a]]\n" * (n // 6)),
        "toml int": ("pyproject.toml", "a = " + "1" * n),
        "toml hex": ("pyproject.toml", "a = 0x" + "f" * n),
        "toml cfg hex": ("pyproject.toml", "[tool.packager]\nmemory = 0x" + "f" * 90000),
        "toml float": ("pyproject.toml", "a = 1." + "1" * n),
        "toml str": ("pyproject.toml", 'a = "' + "\\n" * (n // 2) + '"'),
        "toml ml": ("pyproject.toml", 'a = """' + '"" ' * (n // 3) + '"""'),
        "toml ml quotes": ("pyproject.toml", 'a = """' + '\\"' * (n // 2) + '"""'),
        "toml ml unclosed": ("pyproject.toml", 'a = """' + '""' * (n // 2)),
        "toml comments": ("pyproject.toml", "#\n" * (n // 2)),
        "toml date": ("pyproject.toml", "a = 1979-05-27" + " " * n),
        "toml array values": ("pyproject.toml", "a = [" + "1," * (n // 2) + "]"),
        "toml long bare": ("pyproject.toml", "a" * n + " = 1"),
        "toml unknown keys": (
            "pyproject.toml",
            "[tool.packager]\n" + "\n".join(f"k{i} = 1" for i in range(n // 9)),
        ),
        "toml many settings": (
            "pyproject.toml",
            "[tool.packager.settings]\n" + "\n".join(f"s{i} = 1" for i in range(n // 9)),
        ),
        "toml many groups": (
            "pyproject.toml",
            "\n".join(f"[tool.packager.groups.g{i}]" for i in range(n // 30)),
        ),
        "toml events": (
            "pyproject.toml",
            "[tool.packager]\nevents = ["
            + ",".join(['{source="schedule",path="/a",expression="rate(1 hour)"}'] * (n // 55))
            + "]",
        ),
        "toml cron": (
            "pyproject.toml",
            '[tool.packager]\nevents = [{source="schedule",path="/a",expression="cron('
            + "1" * 90000
            + ' * * * ? *)"}]',
        ),
        "toml cron ,": (
            "pyproject.toml",
            '[tool.packager]\nevents = [{source="schedule",path="/a",expression="cron('
            + "1," * 45000
            + ' * * * ? *)"}]',
        ),
        "toml include": (
            "pyproject.toml",
            "[tool.packager]\ninclude = [" + '"a*b",' * (n // 6) + "]",
        ),
        "toml preload": (
            "pyproject.toml",
            '[tool.packager]\npreload = ["' + "a." * (n // 2) + '!"]',
        ),
        "toml binary": (
            "pyproject.toml",
            '[tool.packager]\nbinary_types = ["' + "a+" * (n // 2) + '!"]',
        ),
        "toml ssm": (
            "pyproject.toml",
            '[tool.packager.settings]\nx = {ssm = "' + "/a" * (n // 2) + '!"}',
        ),
        "toml secret": (
            "pyproject.toml",
            '[tool.packager.settings]\nx = {secret = "' + "a" * n + ' "}',
        ),
        "toml env": ("pyproject.toml", '[tool.packager.settings]\nx = {env = "' + "a" * n + ' "}'),
        "toml template sub": (
            "pyproject.toml",
            '[tool.packager.template]\nx = {"Fn::Sub" = "' + "${ " * (n // 3) + '"}',
        ),
        "toml template sub sp": (
            "pyproject.toml",
            '[tool.packager.template]\nx = {"Fn::Sub" = "${a' + " " * n + '"}',
        ),
        "toml base": (
            "pyproject.toml",
            '[tool.packager]\ndify_base_url = "http://' + "a." * (n // 2) + '!"',
        ),
        "toml pyreq": (
            "pyproject.toml",
            '[project]\nname="a"\nrequires-python = "' + ">=3," * (n // 4) + '"',
        ),
        "toml deps": (
            "pyproject.toml",
            '[project]\nname="a"\ndependencies = [' + '"a>=1",' * (n // 7) + "]",
        ),
        "ignore names": (".difyignore", "\n".join(f"n{i}" for i in range(9999))),
        "ignore compiled": (".difyignore", "\n".join(f"n{i}?x" for i in range(1999))),
        "ignore many": (".difyignore", "a?\n" * (n // 3)),
        "ignore stars": (".difyignore", "*a" * (n // 2)),
        "ignore one": (".difyignore", "x" * n),
        "ignore bang": (".difyignore", "!" * n),
        "ignore class": (".difyignore", "[a-z]" * (n // 5)),
        "ignore class2": (
            ".difyignore",
            "\n".join("[" + "[:alpha:]" * 10 + f"]{i}" for i in range(n // 100)),
        ),
        "ignore nul": (".difyignore", "\0" * n),
        "manifest fifo-ish nul": (
            "manifest.yaml",
            'name: "a\\0b"\nplugins: {endpoints: ["group/\\0.yaml"]}',
        ),
        "source nul": (
            "endpoints/duck.yaml",
            'path: /a\nmethod: GET\nextra: {python: {source: "endpoints/\\0.py"}}',
        ),
        "source long": (
            "endpoints/duck.yaml",
            'path: /a\nmethod: GET\nextra: {python: {source: "' + "e/" * 50000 + '.py"}}',
        ),
        "surrogate version": ("manifest.yaml", MANIFEST + 'version: "\\ud800"'),
        "surrogate default": (
            "group/tiny.yaml",
            GROUP + 'settings: {s: {type: text-input, default: "\\ud83d\\ude00"}}',
        ),
        "surrogate key": ("manifest.yaml", MANIFEST + '"\\udc80": 1'),
    }
