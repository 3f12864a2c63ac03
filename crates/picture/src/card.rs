//! The built-in card: a quiet dark field, a mark and the words "Back in a moment".
//!
//! It is drawn at the size that is wanted, from lines and arcs, so that it needs no font and no picture
//! file and is sharp everywhere. The same size gives the same pixels.

mod lettering;
mod stroke;

use image::{Rgb, RgbImage};

use self::stroke::{Point, Stroke};
use crate::picture::{Picture, SURROUND};
use crate::size::Size;

const WORDS: &str = "Back in a moment";
const WORDS_COLOUR: Rgb<u8> = Rgb([226, 224, 218]);
const MARK_COLOUR: Rgb<u8> = Rgb([120, 128, 140]);

/// Draws the card with its words.
#[must_use]
pub fn draw(size: Size) -> Picture {
    let mut card = Card::new(size);
    card.draw_mark(0.40);
    card.draw_words(0.62);
    Picture { pixels: card.pixels }
}

/// Draws the card without words: what stands for a picture that there is not.
#[must_use]
pub fn draw_neutral(size: Size) -> Picture {
    let mut card = Card::new(size);
    card.draw_mark(0.5);
    Picture { pixels: card.pixels }
}

struct Card {
    pixels: RgbImage,
    width: f32,
    height: f32,
}

impl Card {
    #[expect(clippy::cast_precision_loss, reason = "sides are below 2^24")]
    fn new(size: Size) -> Self {
        let pixels = RgbImage::from_pixel(size.width(), size.height(), SURROUND);
        Self { pixels, width: size.width() as f32, height: size.height() as f32 }
    }

    /// The side that lengths are taken from: of a wide and of a tall card alike.
    fn unit(&self) -> f32 {
        self.height.min(self.width * 9.0 / 16.0)
    }

    /// A ring with two bars: a pause. Its middle lies at `middle` of the height.
    fn draw_mark(&mut self, middle: f32) {
        let radius = self.unit() * 0.085;
        let centre = Point::new(self.width / 2.0, self.height * middle);
        let thickness = radius * 0.13;
        self.draw(Stroke::circle(centre, radius), thickness, MARK_COLOUR);
        for side in [-1.0, 1.0] {
            let x = centre.x + side * radius * 0.26;
            let half = radius * 0.36;
            let bar = Stroke::line(Point::new(x, centre.y - half), Point::new(x, centre.y + half));
            self.draw(bar, thickness, MARK_COLOUR);
        }
    }

    /// The words in one line, whose foot lies at `foot` of the height.
    fn draw_words(&mut self, foot: f32) {
        let line = lettering::set(WORDS);
        // Half as wide as a 16:9 card.
        let scale = self.unit() * 16.0 / 9.0 * 0.42 / line.width;
        let left = (self.width - line.width * scale) / 2.0;
        let origin = Point::new(left, self.height * foot);
        for stroke in line.strokes {
            self.draw(stroke.placed(origin, scale), lettering::THICKNESS * scale, WORDS_COLOUR);
        }
    }

    /// Draws a stroke with round ends, its edge smoothed over one pixel.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "coordinates are within the card, and a negative one saturates to its edge"
    )]
    fn draw(&mut self, stroke: Stroke, thickness: f32, colour: Rgb<u8>) {
        let margin = thickness / 2.0 + 1.0;
        let (least, most) = stroke.bounds();
        let columns = (least.x - margin) as u32..=((most.x + margin) as u32);
        let rows = (least.y - margin) as u32..=((most.y + margin) as u32);
        for y in rows {
            for x in columns.clone() {
                let Some(pixel) = self.pixels.get_pixel_mut_checked(x, y) else { continue };
                let place = Point::new(x as f32 + 0.5, y as f32 + 0.5);
                let ink = thickness / 2.0 - stroke.distance(place) + 0.5;
                blend(pixel, colour, ink.clamp(0.0, 1.0));
            }
        }
    }
}

/// Lays `colour` over `pixel` as densely as `ink` says. Strokes that meet do not darken each other.
fn blend(pixel: &mut Rgb<u8>, colour: Rgb<u8>, ink: f32) {
    for ((value, upper), lower) in pixel.0.iter_mut().zip(colour.0).zip(SURROUND.0) {
        let mixed = f32::from(lower) + (f32::from(upper) - f32::from(lower)) * ink;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two bytes"
        )]
        let mixed = mixed.round() as u8;
        // All colours of the card are lighter than what they are drawn on.
        *value = (*value).max(mixed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels that are not those of the empty field.
    fn drawn(picture: &Picture, rows: std::ops::Range<u32>) -> usize {
        let pixels = picture.pixels.enumerate_pixels();
        pixels.filter(|(_, y, pixel)| rows.contains(y) && **pixel != SURROUND).count()
    }

    #[test]
    fn the_card_has_a_mark_and_words_within_its_middle() {
        for (width, height) in [(1920, 1080), (640, 360), (720, 1280), (64, 64)] {
            let card = draw(Size::near(width, height));
            assert_eq!((card.width(), card.height()), (width, height));
            assert!(drawn(&card, height / 4..height / 2) > 0, "the mark at {width} x {height}");
            assert!(drawn(&card, height / 2..height * 3 / 4) > 0, "the words");
            assert_eq!(drawn(&card, 0..height / 4), 0, "nothing above");
            assert_eq!(drawn(&card, height * 3 / 4..height), 0, "nothing below");
            let border = (0..height).all(|y| card.pixel(0, y) == Some(SURROUND.0));
            assert!(border, "nothing runs out of the card");
        }
    }

    #[test]
    fn the_neutral_card_has_no_words() {
        let card = draw_neutral(Size::HD);
        assert!(drawn(&card, 300..420) > 0);
        assert_eq!(drawn(&card, 440..720), 0);
    }

    #[test]
    fn the_same_size_gives_the_same_pixels() {
        assert_eq!(draw(Size::HD), draw(Size::HD));
    }
}
