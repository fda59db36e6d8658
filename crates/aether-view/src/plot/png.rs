//! Plots as PNG: the figure at two pixels per unit, strokes antialiased by their distance, letters from a pixel font.

use std::io;

use png::{BitDepth, ColorType, Encoder, EncodingError};

use super::{
    Chart,
    figure::{Anchor, At, Figure, Mark, Rgb, WIDTH},
    font,
};

/// Pixels in a unit of the figure, and in a dot of a letter.
const PIXELS: usize = 2;
/// From letter to letter, in pixels.
const ADVANCE: usize = (font::WIDTH + 1) * PIXELS;
/// Rows of a letter above the baseline.
const ASCENT: usize = 7;

/// Draws `charts` one below the other, as the bytes of a PNG file.
///
/// # Errors
/// When the encoder refuses the image: it is far too large.
pub fn draw(charts: &[Chart]) -> Result<Vec<u8>, EncodingError> {
    let figure = Figure::of(charts);
    let mut canvas = Canvas::new(WIDTH as usize * PIXELS, figure.height as usize * PIXELS);
    for mark in &figure.marks {
        match mark {
            Mark::Path { points, color, width } => {
                let points: Vec<At> =
                    points.iter().map(|p| (p.0 * PIXELS as f64, p.1 * PIXELS as f64)).collect();
                for ends in points.windows(2) {
                    canvas.stroke(ends[0], ends[1], width * PIXELS as f64, *color);
                }
            }
            Mark::Text { at, text, anchor, color } => canvas.text(*at, text, *anchor, *color),
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(io::Cursor::new(&mut bytes), canvas.width as u32, canvas.height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.write_header()?.write_image_data(canvas.pixels.as_flattened())?;
    Ok(bytes)
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![[0xff; 3]; width * height] }
    }

    fn blend(&mut self, x: usize, y: usize, color: Rgb, cover: f64) {
        let pixel = &mut self.pixels[y * self.width + x];
        for (below, ink) in pixel.iter_mut().zip(color) {
            *below = (f64::from(*below) * (1.0 - cover) + f64::from(ink) * cover).round() as u8;
        }
    }

    /// Covers every pixel by how much of it lies within half the `width` of the segment, judged from its centre.
    fn stroke(&mut self, from: At, to: At, width: f64, color: Rgb) {
        let reach = width / 2.0 + 1.0;
        let columns = clip(from.0.min(to.0) - reach, from.0.max(to.0) + reach, self.width);
        let rows = clip(from.1.min(to.1) - reach, from.1.max(to.1) + reach, self.height);
        for y in rows {
            for x in columns.clone() {
                let distance = distance((x as f64 + 0.5, y as f64 + 0.5), from, to);
                let cover = (width / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, color, cover);
                }
            }
        }
    }

    fn text(&mut self, at: At, text: &str, anchor: Anchor, color: Rgb) {
        let length = (text.chars().count() * ADVANCE) as f64;
        let left = at.0 * PIXELS as f64
            - match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => length / 2.0,
                Anchor::End => length,
            };
        let (left, top) =
            (left.round() as i64, (at.1 * PIXELS as f64).round() as i64 - (ASCENT * PIXELS) as i64);
        for (i, character) in text.chars().enumerate() {
            for row in 0..font::HEIGHT * PIXELS {
                for column in 0..font::WIDTH * PIXELS {
                    let (x, y) = (left + (i * ADVANCE + column) as i64, top + row as i64);
                    let inside = (0..self.width as i64).contains(&x) && (0..self.height as i64).contains(&y);
                    if inside && font::inked(character, row / PIXELS, column / PIXELS) {
                        self.blend(x as usize, y as usize, color, 1.0);
                    }
                }
            }
        }
    }
}

/// The whole numbers from `from` to `to` that are below `limit`.
fn clip(from: f64, to: f64, limit: usize) -> std::ops::Range<usize> {
    from.floor().clamp(0.0, limit as f64) as usize..to.ceil().clamp(0.0, limit as f64) as usize
}

/// From `point` to the nearest point of the segment.
fn distance(point: At, from: At, to: At) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = dx * dx + dy * dy;
    let along =
        if square == 0.0 { 0.0 } else { ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / square };
    let along = along.clamp(0.0, 1.0);
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}
