//! `docs/performance.md`: every scenario with its chart, its table and its targets.

use super::entry::Entry;
use super::results::{Facts, Results};
use super::say;
use super::table;

pub(crate) const PAGE: &str = "docs/performance.md";

const HOW: &str = "\
In each round every peer does the same work once, in one process (where samples would disturb each other, each in a process or page of its own),
in an order that rotates; a first round warms up and is thrown away. The result of each task is delivered to the caller, and their sum is checked.
A table shows medians and where the middle half of the samples lies. A ratio is the median of the ratios of samples from the same round, so what else
the machine does meanwhile meets both alike: the ratios are what counts, the times are those of this machine. The programs are in
[`benches`](../benches) and [`npm/bench`](../npm/bench).";

/// The whole page.
pub(crate) fn page(results: &Results) -> String {
    let mut page = format!(
        "# Performance\n\n<!-- made by `cargo xtask bench --report` from benches/results.json -->\n\n{}\n\n{HOW}\n\nPeers: {}.\n\n{}\n",
        machine(&results.facts),
        results.facts.peers.join(", "),
        summary(results)
    );
    let mut area = None;
    for entry in &results.entries {
        if area.replace(entry.area) != Some(entry.area) {
            page += &format!("\n## {}\n\n{}.\n", entry.area.name(), entry.area.about());
        }
        page += &scenario(entry);
    }
    page
}

/// What it was measured on.
pub(crate) fn machine(facts: &Facts) -> String {
    let Facts { cpu, cores, system, rustc, node, chromium, .. } = facts;
    let mode = if facts.quick { " A quick run, of fewer tasks and rounds than a whole one: its figures are not to be quoted." } else { "" };
    format!(
        "Measured by `cargo xtask bench` on {cpu}, {cores} cores, {system}, with rustc {rustc}, Node {node}, Chromium {chromium}.{mode}"
    )
}

/// How many targets are reached.
pub(crate) fn tally(results: &Results) -> String {
    let verdicts: Vec<_> = results.entries.iter().flat_map(say::verdicts).collect();
    let reached = verdicts.iter().filter(|verdict| verdict.reached).count();
    format!("{reached} of {} targets are reached.", verdicts.len())
}

fn summary(results: &Results) -> String {
    let missed = results.entries.iter().flat_map(|entry| {
        let verdicts = say::verdicts(entry).into_iter().filter(|verdict| !verdict.reached);
        verdicts.map(move |verdict| format!("\n- **NOT reached:** [{}](#{}): {}", name(entry), anchor(entry), plain(&verdict.text())))
    });
    let list = missed.collect::<String>();
    let gap = if list.is_empty() { "" } else { "\n" };
    format!("{}{gap}{list}", tally(results))
}

fn scenario(entry: &Entry) -> String {
    let [title, says] = [&entry.title, &entry.says].map(|text| plain(text));
    let mut text = format!("\n### {}\n\n**{title}.** {says}\n\n![{}]({})\n\n", name(entry), alt(entry), picture(entry));
    text += &table::of(entry).markdown();
    for (number, verdict) in say::verdicts(entry).iter().enumerate() {
        let word = if verdict.reached { "reached:" } else { "**NOT reached:**" };
        text += &format!("{}- {word} {}\n", if number == 0 { "\n" } else { "" }, plain(&verdict.text()));
    }
    text
}

/// What a scenario is called on the page, where several areas have some of one id.
fn name(entry: &Entry) -> String {
    format!("{} {}", entry.area.name(), entry.id)
}

/// Where a scenario is on the page, from the root.
pub(crate) fn place(entry: &Entry) -> String {
    format!("{PAGE}#{}", anchor(entry))
}

fn anchor(entry: &Entry) -> String {
    name(entry).replace(' ', "-")
}

/// Where the chart of a scenario is, from the page.
pub(crate) fn picture(entry: &Entry) -> String {
    format!("performance/{}-{}.svg", entry.area.name(), entry.id)
}

fn alt(entry: &Entry) -> String {
    plain(&format!("chart of {}, {}", entry.id, entry.unit))
}

/// Text that Markdown takes for nothing but text.
pub(crate) fn plain(text: &str) -> String {
    text.replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*")
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{POINT, entry};
    use super::super::results::tests::results;
    use super::*;

    const TARGETS: &str =
        r#"{"of": "millpond", "against": "other", "at_most": 0.6}, {"of": "millpond", "against": "minimum", "at_most": 1.5}"#;

    #[test]
    fn a_scenario_has_its_chart_its_table_and_its_targets() -> anyhow::Result<()> {
        let page = page(&results(vec![entry(POINT, TARGETS)?]));
        assert!(page.contains("on A CPU, 2 cores, linux x86_64, with rustc 1.95.0, Node 20.20.2, Chromium 156.0.1. A quick run"));
        assert!(page.contains("Peers: p-limit 7.3.3, tokio 1.54.1."));
        assert!(page.contains(
            "1 of 2 targets are reached.\n\n- **NOT reached:** [node some-tasks](#node-some-tasks): millpond 2.50 × minimum, at most 1.5\n"
        ));
        assert!(page.contains(
            "\n## node\n\nThe npm package beside its peers, in Node.\n\n### node some-tasks\n\n**Some &lt;tasks>.** What it says.\n\n"
        ));
        assert!(page.contains("![chart of some-tasks, ns per task](performance/node-some-tasks.svg)\n\n|"));
        let targets = "\n\n- reached: millpond 0.500 × other, at most 0.6\n- **NOT reached:** millpond 2.50 × minimum, at most 1.5\n";
        assert!(page.ends_with(targets), "{page}");
        Ok(())
    }

    #[test]
    fn no_list_where_all_is_reached() -> anyhow::Result<()> {
        let page = page(&results(vec![entry(POINT, "")?]));
        assert!(page.contains("0 of 0 targets are reached.\n\n## node"));
        Ok(())
    }
}
