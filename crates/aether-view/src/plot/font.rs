//! The letters of PNG plots: 5 by 8 pixels each, the last row for descenders, drawn in `font.txt`.

/// Six bands of 16 glyphs, from the space to DEL, which is the box that stands for every other character. A band has
/// eight lines; a glyph is five characters wide and a space parts it from the next.
const DRAWING: &str = include_str!("font.txt");

/// Columns of a glyph.
pub(super) const WIDTH: usize = 5;
/// Rows of a glyph.
pub(super) const HEIGHT: usize = 8;
const PER_BAND: usize = 16;
const LINE: usize = PER_BAND * (WIDTH + 1);
const BOX: usize = 0x7f;

/// Whether the pixel of `character` at `row` and `column` is inked.
pub(super) fn inked(character: char, row: usize, column: usize) -> bool {
    let code = match character {
        ' '..='~' => character as usize,
        _ => BOX,
    } - 0x20;
    let line = code / PER_BAND * HEIGHT + row;
    let place = line * LINE + code % PER_BAND * (WIDTH + 1) + column;
    DRAWING.as_bytes().get(place) == Some(&b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(character: char) -> Vec<String> {
        (0..HEIGHT)
            .map(|r| (0..WIDTH).map(|c| if inked(character, r, c) { '#' } else { '.' }).collect())
            .collect()
    }

    #[test]
    fn the_drawing_is_whole() {
        assert!(DRAWING.lines().all(|l| l.len() + 1 == LINE));
        assert_eq!(DRAWING.lines().count(), 6 * HEIGHT);
    }

    #[test]
    fn letters_are_found() {
        assert_eq!(rows('T')[..3], ["#####", "..#..", "..#.."]);
        assert_eq!(rows('é'), rows('\u{7f}'));
        assert_eq!(rows(' ').concat().matches('#').count(), 0);
    }
}
