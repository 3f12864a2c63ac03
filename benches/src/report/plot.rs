//! Line plots as SVG, drawn without help.

use std::fmt::Write as _;

use super::scale::Scale;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 44.0;

/// One line of points.
#[derive(Clone, Debug)]
pub(super) struct Plot {
    /// What is plotted.
    pub(super) title: String,
    /// What lies on the horizontal axis.
    pub(super) x_label: String,
    /// Labels of the horizontal axis; round numbers if empty.
    pub(super) x_ticks: Vec<(f64, String)>,
    /// Points from left to right.
    pub(super) points: Vec<(f64, f64)>,
    /// Whether each point is a measurement of its own and gets a dot.
    pub(super) dots: bool,
}

impl Plot {
    /// The plot as an SVG element; empty without points.
    pub(super) fn svg(&self) -> String {
        if self.points.is_empty() {
            return String::new();
        }
        let x = Scale::around(self.xs(), 8);
        let y = Scale::around(self.points.iter().map(|(_, y)| *y), 5);
        let to_x = |value| LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
        let to_y = |value| HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\
             <text class=\"title\" x=\"{LEFT}\" y=\"18\">{0}</text>",
            escape(&self.title)
        );
        for (value, label) in y.ticks() {
            let (at, right) = (to_y(value), WIDTH - RIGHT);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
                LEFT - 6.0,
                at + 4.0,
            );
        }
        let ticks = if self.x_ticks.is_empty() { x.ticks() } else { self.x_ticks.clone() };
        for (value, label) in ticks {
            let (at, bottom) = (to_x(value), HEIGHT - BOTTOM);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"x\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 16.0,
                escape(&label),
            );
        }
        let _ = write!(
            svg,
            "<text class=\"x\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            (LEFT + WIDTH - RIGHT) / 2.0,
            HEIGHT - 8.0,
            escape(&self.x_label),
        );
        let places: Vec<(f64, f64)> =
            self.points.iter().map(|(x, y)| (to_x(*x), to_y(*y))).collect();
        let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(svg, "<polyline class=\"line\" points=\"{}\"/>", line.join(" "));
        if self.dots {
            for (x, y) in places {
                let _ =
                    write!(svg, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
            }
        }
        svg + "</svg>"
    }

    fn xs(&self) -> impl Iterator<Item = f64> {
        self.points.iter().map(|(x, _)| *x).chain(self.x_ticks.iter().map(|(x, _)| *x))
    }
}

/// Text for use in HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(points: &[(f64, f64)]) -> Plot {
        Plot {
            title: "a < b".to_owned(),
            x_label: "s".to_owned(),
            x_ticks: Vec::new(),
            points: points.to_vec(),
            dots: true,
        }
    }

    #[test]
    fn points_lie_within_the_frame() {
        let svg = plot(&[(0.0, 0.0), (10.0, 5.0)]).svg();
        assert!(svg.contains("points=\"64.0,216.0 544.0,34.0\""), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains("a &lt; b") && !svg.contains("a < b"));
    }

    #[test]
    fn nothing_to_plot_is_no_plot() {
        assert_eq!(plot(&[]).svg(), "");
    }
}
