//! Drawing by hand: the few shapes that charts are made of, in colours for light and dark readers. No script, text stays text.

use std::fmt::Write;

pub(crate) const WIDTH: f64 = 760.0;

/// How wide a name is, about: there is nobody here to measure fonts. Ours are bold.
pub(crate) fn width(name: &str, bold: bool) -> f64 {
    name.chars().count() as f64 * if bold { 8.1 } else { 7.2 }
}

/// Titles above so many characters are written smaller.
const LONG: usize = 92;

/// Classes: `ours` is millpond, `ahead` a peer that is better, `other` one that is not; lines are told apart by colour and dashes, `l0` to `l7`.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}.small{font-size:11px;fill:#59636e}.bold{font-weight:600}.tight{font-size:10.5px}.end{text-anchor:end}\
.middle{text-anchor:middle}.ground{fill:#fff}.grid{stroke:#d1d9e0}.whisker{stroke:#1f2328;stroke-width:1.5}\
rect.ours{fill:#0969da}rect.other{fill:#a9b3bd}rect.ahead{fill:#d4762c}\
path{fill:none;stroke-width:1.8}.us{stroke-width:3.2}\
.l0{stroke:#0969da}.l1{stroke:#cf222e}.l2{stroke:#1a7f37}.l3{stroke:#8250df}.l4{stroke:#9a6700}.l5{stroke:#bf3989}.l6{stroke:#59636e}.l7{stroke:#0a7d91}\
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.ground{fill:#0d1117}.grid{stroke:#3d444d}.whisker{stroke:#f0f6fc}\
rect.ours{fill:#4493f8}rect.other{fill:#59626d}rect.ahead{fill:#db8a45}\
.l0{stroke:#4493f8}.l1{stroke:#ff7b72}.l2{stroke:#56d364}.l3{stroke:#bc8cff}.l4{stroke:#e3b341}.l5{stroke:#ff9bce}.l6{stroke:#b1bac4}.l7{stroke:#56d4dd}}";

/// How many ways there are to tell lines apart.
pub(crate) const LINES: usize = 8;

/// A picture in the making.
#[derive(Debug, Default)]
pub(crate) struct Svg(String);

impl Svg {
    pub(crate) fn title(&mut self, x: f64, title: &str, legend: &str) {
        let class = if title.chars().count() > LONG { "bold tight" } else { "bold" };
        self.text(class, x, 22.0, title);
        self.text("small", x, 40.0, legend);
    }

    pub(crate) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        self.add(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(text)));
    }

    pub(crate) fn bar(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        self.add(format_args!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\"/>"));
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"));
    }

    /// A line through points, the `number`-th of the chart.
    pub(crate) fn path(&mut self, number: usize, ours: bool, points: &[(f64, f64)]) {
        let way: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let class = format!("l{}{}", number % LINES, if ours { " us" } else { "" });
        let dashes = match number % 3 {
            0 => "",
            1 => " stroke-dasharray=\"7 3\"",
            _ => " stroke-dasharray=\"2 3\"",
        };
        self.add(format_args!("<path class=\"{class}\"{dashes} d=\"M{}\"/>", way.join("L")));
    }

    /// The file, with its name and what it shows for those who cannot see it.
    pub(crate) fn finish(self, height: f64, title: &str, shows: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
             <title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{WIDTH}\" height=\"{height}\" rx=\"6\"/>\n{}</svg>\n",
            escape(title),
            escape(shows),
            self.0
        )
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{element}");
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
