//! Plots as SVG 1.1, without scripts, styles or anything from outside the file.

use std::fmt::Write;

use super::{
    Chart,
    figure::{Anchor, FONT, Figure, Mark, Rgb, WIDTH},
};

/// Draws `charts` one below the other.
pub fn draw(charts: &[Chart]) -> String {
    let figure = Figure::of(charts);
    let (width, height) = (WIDTH, figure.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"{FONT}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for mark in &figure.marks {
        // Writing to a string does not fail.
        let _ = match mark {
            Mark::Path { points, color, width } => {
                let places: Vec<_> =
                    points.iter().map(|(x, y)| format!("{},{}", round(*x), round(*y))).collect();
                writeln!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>",
                    places.join(" "),
                    hex(*color)
                )
            }
            Mark::Text { at, text, anchor, color } => writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" fill=\"{}\">{}</text>",
                round(at.0),
                round(at.1),
                match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                },
                hex(*color),
                escape(text)
            ),
        };
    }
    svg + "</svg>\n"
}

/// Hundredths of a unit are finer than any screen.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn hex([r, g, b]: Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text as XML 1.0 character data: markup escaped, and characters that XML cannot hold replaced.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
