"""How the page of a report looks, by day and by night."""

STYLE = """
:root{color-scheme:light dark;--paper:#fbfbf9;--card:#fff;--ink:#1c1f23;--soft:#626a73;--line:#e3e4df;
--passed:#1a7f4b;--failed:#c2352b;--errored:#9a3fb5;--skipped:#a06a00;--disabled:#68717b;--unasked:#d5d7d1}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e8eaec;--soft:#9aa4ae;--line:#2d3339;
--passed:#4cc38a;--failed:#ff7a70;--errored:#d48bec;--skipped:#e5b14a;--disabled:#98a2ad;--unasked:#3a4148}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:62rem;margin:0 auto;padding:3rem 1.5rem 5rem}
code,pre,.version{font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:.86em}
h1{font-size:2.4rem;line-height:1.15;margin:.2rem 0;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:3rem 0 1rem}h2 small{color:var(--soft);font-weight:400}
h4{margin:1.2rem 0 .4rem;font-size:.9rem}
.version{color:var(--soft);font-size:1.3rem;font-weight:400;letter-spacing:0}
.kicker,.about{color:var(--soft);margin:0;font-size:.92rem;overflow-wrap:anywhere}
.verdict{font-size:1.25rem;font-weight:600;margin:1.6rem 0 .8rem}
.verdict.passed{color:var(--passed)}.verdict.failed{color:var(--failed)}.verdict.none{color:var(--soft)}
.bar{display:flex;gap:2px;height:.6rem;border-radius:.3rem;overflow:hidden;background:var(--line)}
.bar span{min-width:3px}.bar .passed{background:var(--passed)}.bar .failed{background:var(--failed)}
.bar .errored{background:var(--errored)}.bar .skipped{background:var(--skipped)}
.bar .disabled{background:var(--disabled)}.bar .unasked{background:var(--unasked)}
.keys{color:var(--soft);font-size:.92rem}.key{font-weight:600;font-size:.85rem;white-space:nowrap}
.passed>.mark,.key.passed{color:var(--passed)}.key.failed{color:var(--failed)}.key.errored{color:var(--errored)}
.key.skipped{color:var(--skipped)}.key.disabled{color:var(--disabled)}
.key+.key{margin-left:.7rem}.title{margin:.5rem 0 0}.profiles+.about{margin-top:1rem}
.profiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}
article,details{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.2rem}
article h3{display:flex;justify-content:space-between;margin:0 0 .7rem;font-size:1.02rem}
article p{margin:.5rem 0 0;color:var(--soft);font-size:.88rem}
.mark{font-weight:600;font-size:.85rem}article.passed .mark{color:var(--passed)}
article.failed .mark{color:var(--failed)}article.none{opacity:.65}article.none .mark{color:var(--soft)}
details{margin:.7rem 0}summary{cursor:pointer;overflow-wrap:anywhere}.ids{color:var(--soft);font-size:.82rem}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th{text-align:left;color:var(--soft);font-weight:500}
th,td{padding:.45rem .8rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td code{overflow-wrap:anywhere}.cases{color:var(--soft);font-size:.82rem}.cases a{text-decoration:none}
.cases .failed{color:var(--failed)}.cases .errored{color:var(--errored)}
.cases .skipped,.cases .disabled{color:var(--skipped)}
pre{background:var(--paper);border:1px solid var(--line);border-radius:.4rem;padding:.8rem 1rem;overflow:auto;
max-height:28rem;margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.5rem;font-size:.9rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media print{details{break-inside:avoid}pre{max-height:none}}
"""
