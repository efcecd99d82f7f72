"""The style sheet of a report: light and dark, wide and narrow, and on paper."""

from __future__ import annotations

from pushforward.pages.theme import DENSITY, INK, LATENT, PAPER, REAL, SAMPLED

STYLE = (
    """
:root { color-scheme: light dark; --page: #f3f1ea; --card: @PAPER; --ink: #26262b; --soft: #5b5b64;
  --line: #dcd8cc; }
@media (prefers-color-scheme: dark) {
  :root { --page: #17171b; --card: #222228; --ink: #e8e6e0; --soft: #a9a8a4; --line: #3a3a42; }
  img { filter: brightness(.9); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.6rem 0 .4rem; }
h3 { font-size: .95rem; line-height: 1.35; font-weight: 600; margin: 0 0 .4rem;
  overflow-wrap: anywhere; }
.grid + h3, .scroll + h3 { margin-top: 1.8rem; }
p, ul { max-width: 46rem; margin: 0 0 .8rem; overflow-wrap: anywhere; }
.soft, figcaption { color: var(--soft); font-size: .9rem; }
.grid { display: grid; gap: 1rem; margin-top: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.wide { grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); }
figure { margin: 0; padding: .8rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; min-width: 0; break-inside: avoid; }
img { display: block; width: 100%; height: auto; background: @PAPER; border-radius: .3rem; }
figcaption { margin-top: .5rem; line-height: 1.45; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem 1.6rem .35rem 0; text-align: right; vertical-align: bottom;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; min-width: 6rem; }
.told td, .told th { text-align: left; vertical-align: top; min-width: 5rem; }
.told td:nth-child(3) { overflow-wrap: anywhere; min-width: 12rem; }
thead th { font-size: .85rem; font-weight: 600; color: var(--soft); }
@media (max-width: 30rem) { th, td { padding-right: .8rem; } table { font-size: .9rem; } }
@media (max-width: 44rem) { .broad img { width: 40rem; max-width: none; } }
tr.first td { font-weight: 650; }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; padding: 0; list-style: none;
  font-size: .9rem; }
.key i { display: inline-block; width: 1.5rem; height: .7rem; margin-right: .45rem;
  border-radius: .15rem; }
.real { background: @REAL; }
.sampled { border-top: .2rem solid @SAMPLED; border-left: .2rem solid @SAMPLED;
  border-right: .2rem solid @SAMPLED; }
.latent { background: @LATENT; }
.density { background: @DENSITY; }
blockquote { margin: 1rem 0; padding: .5rem 1rem; border-left: .25rem solid var(--soft);
  max-width: 46rem; font-style: italic; overflow-wrap: anywhere; }
pre { overflow-x: auto; max-width: 62rem; margin: 1rem 0; padding: .8rem 1rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  font-size: .85rem; line-height: 1.5; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.formula { width: auto; max-width: 100%; height: auto; border: .6rem solid @PAPER;
  margin: 0 0 1rem; }
a { color: inherit; text-underline-offset: .15em; }
.narrow { max-width: 42rem; } .broad { max-width: 62rem; }
.broad figure { overflow-x: auto; }
.map { background: @INK; border: 1px solid var(--soft); }
nav ol { columns: 18rem; column-gap: 3rem; padding-left: 1.4rem; max-width: none; }
details { margin-top: 2.6rem; }
summary { cursor: pointer; font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: .2rem 1.2rem;
  font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; }
@media print { :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; }
  main { max-width: none; padding: 0; } img { filter: none; } h2 { break-after: avoid; } }
""".replace("@PAPER", PAPER)
    .replace("@INK", INK)
    .replace("@REAL", REAL)
    .replace("@SAMPLED", SAMPLED)
    .replace("@LATENT", LATENT)
    .replace("@DENSITY", DENSITY)
)
