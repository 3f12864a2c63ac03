//! The few letters that the card needs, as strokes of a pen.
//!
//! One unit is the height of a small `o`; letters stand on `y` = 0 with `y` downwards. Only what
//! "Back in a moment" is made of is here.

use super::stroke::{Arc, Point, Stroke};

/// Width of the pen.
pub(super) const THICKNESS: f32 = 0.15;

/// Between two letters.
const LETTER_GAP: f32 = 0.36;

/// Between two words.
const WORD_GAP: f32 = 0.86;

/// Directions along the axes, and 45 degrees to the right of them.
const LEFT: Point = Point::new(-1.0, 0.0);
const RIGHT: Point = Point::new(1.0, 0.0);
const UP: Point = Point::new(0.0, -1.0);
const DOWN: Point = Point::new(0.0, 1.0);
const UP_RIGHT: Point = Point::new(0.766, -0.643);
const DOWN_RIGHT: Point = Point::new(0.766, 0.643);

/// A line of text.
pub(super) struct Line {
    pub(super) strokes: Vec<Stroke>,
    pub(super) width: f32,
}

/// Sets `text` in one line. Letters that are not known leave a gap.
pub(super) fn set(text: &str) -> Line {
    let mut line = Line { strokes: Vec::new(), width: 0.0 };
    let mut gap = 0.0;
    for letter in text.chars() {
        let Some((width, strokes)) = glyph(letter) else {
            gap = WORD_GAP;
            continue;
        };
        let origin = Point::new(line.width + gap, 0.0);
        line.strokes.extend(strokes.into_iter().map(|stroke| stroke.placed(origin, 1.0)));
        line.width = origin.x + width;
        gap = LETTER_GAP;
    }
    line
}

/// Width and strokes of a letter.
fn glyph(letter: char) -> Option<(f32, Vec<Stroke>)> {
    let bowl = Stroke::circle(Point::new(0.5, -0.5), 0.5);
    let glyph = match letter {
        'B' => (
            0.88,
            vec![
                line(0.0, -1.45, 0.0, 0.0),
                line(0.0, -1.45, 0.44, -1.45),
                line(0.0, -0.78, 0.49, -0.78),
                line(0.0, 0.0, 0.49, 0.0),
                arc(0.44, -1.115, 0.335, UP, DOWN),
                arc(0.49, -0.39, 0.39, UP, DOWN),
            ],
        ),
        'a' => (1.0, vec![bowl, line(1.0, -1.0, 1.0, 0.0)]),
        'c' => (0.88, vec![arc(0.5, -0.5, 0.5, DOWN_RIGHT, UP_RIGHT)]),
        'e' => (1.0, vec![arc(0.5, -0.5, 0.5, DOWN_RIGHT, RIGHT), line(0.0, -0.5, 1.0, -0.5)]),
        'i' => (0.0, vec![line(0.0, -1.0, 0.0, 0.0), line(0.0, -1.40, 0.0, -1.42)]),
        'k' => (
            0.72,
            vec![
                line(0.0, -1.5, 0.0, 0.0),
                line(0.0, -0.36, 0.66, -1.0),
                line(0.24, -0.59, 0.72, 0.0),
            ],
        ),
        'm' => {
            (1.44, [vec![line(0.0, -1.0, 0.0, 0.0)], arch(0.0, 0.36), arch(0.72, 0.36)].concat())
        }
        'n' => (0.86, [vec![line(0.0, -1.0, 0.0, 0.0)], arch(0.0, 0.43)].concat()),
        'o' => (1.0, vec![bowl]),
        't' => (
            0.62,
            vec![
                line(0.2, -1.4, 0.2, -0.3),
                line(0.0, -1.0, 0.58, -1.0),
                arc(0.5, -0.3, 0.3, Point::new(0.5, 0.866), LEFT),
            ],
        ),
        _ => return None,
    };
    Some(glyph)
}

/// Half a circle of `radius` on a stem, standing to the right of `left`.
fn arch(left: f32, radius: f32) -> Vec<Stroke> {
    let (top, right) = (radius - 1.0, left + radius * 2.0);
    vec![arc(left + radius, top, radius, LEFT, RIGHT), line(right, top, right, 0.0)]
}

const fn line(from_x: f32, from_y: f32, to_x: f32, to_y: f32) -> Stroke {
    Stroke::line(Point::new(from_x, from_y), Point::new(to_x, to_y))
}

const fn arc(x: f32, y: f32, radius: f32, from: Point, to: Point) -> Stroke {
    Stroke::Arc(Arc { centre: Point::new(x, y), radius, from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_card_is_known() {
        let unknown: String =
            super::super::WORDS.chars().filter(|letter| glyph(*letter).is_none()).collect();
        assert_eq!(unknown, "   ");
    }

    #[test]
    fn letters_stand_side_by_side() {
        let (one, two) = (set("o"), set("oo"));
        assert!((two.width - one.width * 2.0 - LETTER_GAP).abs() < 1e-6);
        assert_eq!(set("n n").strokes.len(), set("nn").strokes.len());
    }
}
