"""The explorer, looked at in a browser; its choice of rows, by hand."""

import base64
import io
import json
import re
import shutil
import subprocess

from distilshift.analysis import explorer
from distilshift.data import kinds

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NAME = "digits & <b>letters</b></script>"

# what a reader does, and what is then to be seen
VISIT = """
<script type="module">
const at = id => document.getElementById(id);
const choose = (id, value) => { at(id).value = value; at(id).dispatchEvent(new Event("change")); };
const dots = () => document.querySelectorAll("#ladder svg .mark-symbol.role-mark path").length;
const seen = () => ({
  told: at("told").textContent, dots: dots(), table: at("runs").rows.length - 1,
  curves: document.querySelectorAll("#curves svg .mark-line path").length,
  lists: [...document.querySelectorAll("#mistakes h3")].map(h => h.textContent),
  cards: document.querySelectorAll("#mistakes li").length,
  pictures: [...document.querySelectorAll("#mistakes img")].map(i => i.naturalWidth),
});
const drawn = () => new Promise(done => setTimeout(done, 300));
while (document.documentElement.dataset.ready !== "yes") await drawn();
const found = { title: document.title, heading: document.querySelector("h1").textContent };
await drawn();
found.all = seen();
const { row } = JSON.parse(at("data").textContent).runs.find(run => run.kind === "distilled");
choose("choose-row", row);
await drawn();
found.distilled = seen();
choose("choose-row", "oracle");
await drawn();
found.oracle = seen();
document.querySelector("#choices button").click();
await drawn();
found.again = seen();
const dot = [...document.querySelectorAll("#ladder path[aria-label]")].find(
  path => path.getAttribute("aria-label").includes(row));
const box = dot.getBoundingClientRect();
const where = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true };
for (const kind of ["pointerover", "pointermove", "mousemove"])
  dot.dispatchEvent(new PointerEvent(kind, where));
await drawn();
found.tooltip = document.getElementById("vg-tooltip-element")?.textContent ?? "";
found.unlabelled = [...document.querySelectorAll("select")].filter(s => !s.labels.length).length;
new Image().src = "http://nowhere.invalid/asked.png";
await drawn();
document.body.replaceChildren(Object.assign(document.createElement("pre"), {
  id: "visit", textContent: JSON.stringify(found) }));
</script>
"""


@pytest.fixture(scope="module")
def explore(made, run_script):
    """explore(page, **flags) -> status and what was said."""
    pytest.importorskip("altair", reason="to enable: make extras")

    def run(page, *flags):
        return run_script("explore", [*made.explorer(), "--page", str(page), *flags])

    return run


@pytest.fixture(scope="module")
def page(explore, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    status, shown = explore(path, "--experiment", NAME)
    assert status == 0, shown
    return path


@pytest.fixture(scope="module")
def visit(page, tmp_path_factory):
    """What a browser saw, what it said in its console, and which addresses it asked for."""
    if CHROMIUM is None:
        pytest.skip("no chromium here; to enable: apt-get install chromium")
    folder = tmp_path_factory.mktemp("browser")
    copy = folder / "copy.html"
    before, after = page.read_text().rsplit("</body>", 1)  # vega's script has it in a text
    copy.write_text(f"{before}{VISIT}</body>{after}")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND"]
    flags += ["--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}"]
    flags += [f"--log-net-log={folder / 'net.json'}", "--window-size=1200,1600"]
    flags += ["--virtual-time-budget=20000", "--dump-dom", copy.as_uri()]
    done = subprocess.run([CHROMIUM, *flags], capture_output=True, text=True, timeout=120)
    found = re.search(r'<pre id="visit">(.*?)</pre>', done.stdout, re.DOTALL)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert found, (console, done.stderr[-2000:])
    text = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    events = json.loads((folder / "net.json").read_text())["events"]
    asked = [event["params"] for event in events if "url" in event.get("params", {})]
    return json.loads(text), console, asked


def test_a_browser_asks_for_nothing_and_complains_of_nothing_but_what_was_asked_for(visit):
    """At the end the visit asks for a picture of a network, which must be refused."""
    _, console, asked = visit
    (line,) = console
    assert "nowhere.invalid" in line and "Content Security Policy" in line
    # the browser asks for updates of its own; a page's requests have an origin
    of_page = [one for one in asked if one.get("initiator", "not an origin") != "not an origin"]
    assert {one["url"] for one in of_page if not one["url"].startswith(("file:", "data:"))} == set()


def test_filters_reach_ladder_curves_table_and_rows(visit):
    found, _, _ = visit
    assert found["title"] == f"{NAME}: explorer" and found["heading"] == NAME
    every, one, none = found["all"], found["distilled"], found["oracle"]
    assert every["told"] == "6 of 6 runs" and every["dots"] == every["table"] == 6
    assert one["told"] == "1 of 6 runs" and one["dots"] == one["table"] == one["curves"] == 1
    assert one["cards"] > 0 and one["lists"][0].startswith("Student and teacher disagree: ")
    assert one["pictures"] == [8] * one["cards"]
    assert none["dots"] == 1 and none["cards"] == 0
    assert found["again"] == every


def test_a_dot_says_whose_it_is_and_every_choice_has_a_name(visit):
    found, _, _ = visit
    for word in ("transfer", "source-to-target", "seed", "accuracy"):
        assert word in found["tooltip"]
    assert found["unlabelled"] == 0


def test_nothing_that_is_shown_can_end_its_element(page):
    text = page.read_text()
    assert "<b>letters" not in text and text.count("</script>") == 3


def test_pictures_take_no_more_room_than_they_may(explore, page, tmp_path):
    status, shown = explore(tmp_path / "small.html", "--experiment", NAME, "--room", "0.001")
    assert status == 0 and "rows are shown; raise it, or lower --most" in shown
    urls = [len(u) for u in re.findall(r'data:image[^"]+', (tmp_path / "small.html").read_text())]
    assert 0 < sum(urls) <= 1000 < page.stat().st_size - (tmp_path / "small.html").stat().st_size


def test_the_ladder_is_of_the_headline(explore, page, tmp_path):
    other = tmp_path / "other.html"
    assert explore(other, "--experiment", NAME, "--headline", "macro_f1")[0] == 0
    shown = {path: path.read_text() for path in (page, other)}
    assert '"field":"accuracy"' in shown[page] and '"headline":"accuracy"' in shown[page]
    assert '"field":"macro_f1"' in shown[other] and '"headline":"macro_f1"' in shown[other]
    assert '"title":"macro-F1"' in shown[other]
    assert '<p class="note">Accuracy on the target' in shown[page]
    assert '<p class="note">Macro-F1 on the target' in shown[other]
    assert "Accuracy on the target" not in shown[other]


def test_a_table_that_is_cut_says_so(page):
    """Five hundred runs were shown, of however many there were, without a word."""
    if CHROMIUM is None:
        pytest.skip("no chromium here; to enable: apt-get install chromium")
    text = page.read_text()
    before, data = text.split('<script type="application/json" id="data">')
    data, after = data.split("</script>", 1)
    content = json.loads(data)
    content["runs"] = [{**content["runs"][0], "run": at} for at in range(501)]
    content["mistakes"] = content["curves"] = []
    longer = page.with_name("longer.html")
    longer.write_text(
        f'{before}<script type="application/json" id="data">{json.dumps(content)}</script>{after}'
    )
    seen = {}
    for path in (page, longer):
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"]
        done = subprocess.run(
            [CHROMIUM, *flags, "--dump-dom", path.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
        )
        seen[path] = re.search(r'<p class="note" id="cut"( hidden="")?>(.*?)</p>', done.stdout)
    assert seen[page][1] and not seen[longer][1]
    assert seen[longer][2].startswith("The first 500 of 501 runs")


def told(method, adaptation, said, sure):
    known = {"transfer": "a-to-b", "network": "cnn", "method": method, "adaptation": adaptation}
    known |= {"round": int(method == "kd"), "seed": 0, "target": "b", "domain": "target"}
    rows = {"sample_id": range(len(said)), "name": "x", "class": list("aaab")}
    rows |= {"predicted_class": list(said), "confidence": sure}
    return pd.DataFrame({**known, "split": "test", **rows})


def test_the_surest_come_first_and_sure_is_who_is_less_so():
    predictions = [told("teacher", "none", "abab", [0.9, 0.6, 0.9, 0.9])]
    predictions += [told("kd", "none", "bbba", [0.7, 0.9, 0.8, 0.5])]
    predictions += [told("kd", "mean", "bbab", [0.7, 0.9, 0.8, 0.5])]  # of a combination
    keys = pd.concat(p[explorer.RUN].head(1) for p in predictions)
    runs = keys.assign(run=range(3), kind=["teacher", "distilled", "distilled"])
    found = {
        (run, of): list(rows["sample_id"])
        for run, of, rows in explorer.errors(pd.concat(predictions), runs)
    }
    assert found == {(1, "disagree"): [2, 0, 3], (1, "err"): [1], (2, "alone"): [1, 0]}


def test_a_low_sound_is_bright_below_and_a_high_one_above():
    times = torch.arange(8000) / 8000
    tones = torch.stack([torch.sin(2 * torch.pi * hertz * times) for hertz in (200, 3000)])
    rows = (20000 * tones).to(torch.int16)
    for url, is_low in zip(kinds.load("audio").show.embed(rows), (True, False), strict=True):
        written = base64.b64decode(url.split(",")[1])
        light = np.asarray(Image.open(io.BytesIO(written)).convert("L"), float).mean(1)
        assert (light.argmax() > len(light) / 2) == is_low


@pytest.mark.parametrize(
    ("kind", "rows", "begin"),
    [
        ("image", torch.zeros(2, 3, 16, 16, dtype=torch.uint8), "data:image/png;base64,"),
        ("image", torch.zeros(2, 1, 300, 300, dtype=torch.uint8), "data:image/jpeg;base64,"),
        ("audio", torch.randint(-99, 99, (2, 8000), dtype=torch.int16), "data:image/jpeg;base64,"),
        ("text", torch.tensor([[60, 98, 62, 0]] * 2, dtype=torch.uint8), "<b>"),
    ],
)
def test_every_kind_of_row_can_be_shown_in_little_room(kind, rows, begin):
    show = kinds.load(kind).show
    found = show.embed(rows)
    assert len(found) == 2 and all(text.startswith(begin) for text in found)
    assert max(map(len, found)) < 9000
    assert ("text" if kind == "text" else "picture") == show.ON_A_PAGE
