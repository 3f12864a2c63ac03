//! Lines and arcs, and how far a place is from them.

/// A place, `y` downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Point {
    pub(super) const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    fn distance(self, other: Self) -> f32 {
        let (x, y) = (self.x - other.x, self.y - other.y);
        (x * x + y * y).sqrt()
    }

    fn placed(self, origin: Self, scale: f32) -> Self {
        Self::new(origin.x + self.x * scale, origin.y + self.y * scale)
    }

    /// Positive if `other` lies clockwise of this direction, as seen with `y` downwards.
    fn cross(self, other: Self) -> f32 {
        self.x * other.y - self.y * other.x
    }
}

/// A part of the circle around `centre`, clockwise from one direction to another.
///
/// Directions are vectors of length 1, so that nothing here needs an angle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arc {
    pub(super) centre: Point,
    pub(super) radius: f32,
    pub(super) from: Point,
    pub(super) to: Point,
}

impl Arc {
    fn covers(&self, direction: Point) -> bool {
        let after_from = self.from.cross(direction) >= 0.0;
        let before_to = direction.cross(self.to) >= 0.0;
        // An arc below half a circle is the meeting of two half planes, a larger one their union.
        if self.from.cross(self.to) > 0.0 {
            after_from && before_to
        } else {
            after_from || before_to
        }
    }

    fn end(&self, direction: Point) -> Point {
        direction.placed(self.centre, self.radius)
    }
}

/// Something that is drawn with a pen.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stroke {
    Line(Point, Point),
    Arc(Arc),
    Circle(Point, f32),
}

impl Stroke {
    pub(super) const fn line(from: Point, to: Point) -> Self {
        Self::Line(from, to)
    }

    pub(super) const fn circle(centre: Point, radius: f32) -> Self {
        Self::Circle(centre, radius)
    }

    /// The stroke enlarged by `scale` and moved to `origin`.
    pub(super) fn placed(self, origin: Point, scale: f32) -> Self {
        match self {
            Self::Line(from, to) => {
                Self::Line(from.placed(origin, scale), to.placed(origin, scale))
            }
            Self::Arc(arc) => Self::Arc(Arc {
                centre: arc.centre.placed(origin, scale),
                radius: arc.radius * scale,
                ..arc
            }),
            Self::Circle(centre, radius) => {
                Self::Circle(centre.placed(origin, scale), radius * scale)
            }
        }
    }

    /// Distance from `place` to the nearest point of the stroke.
    pub(super) fn distance(&self, place: Point) -> f32 {
        match *self {
            Self::Line(from, to) => distance_to_line(place, from, to),
            Self::Circle(centre, radius) => (place.distance(centre) - radius).abs(),
            Self::Arc(arc) => {
                let direction = Point::new(place.x - arc.centre.x, place.y - arc.centre.y);
                if arc.covers(direction) {
                    (place.distance(arc.centre) - arc.radius).abs()
                } else {
                    place.distance(arc.end(arc.from)).min(place.distance(arc.end(arc.to)))
                }
            }
        }
    }

    /// A rectangle around the stroke.
    pub(super) fn bounds(&self) -> (Point, Point) {
        match *self {
            Self::Line(from, to) => (
                Point::new(from.x.min(to.x), from.y.min(to.y)),
                Point::new(from.x.max(to.x), from.y.max(to.y)),
            ),
            Self::Arc(Arc { centre, radius, .. }) | Self::Circle(centre, radius) => (
                Point::new(centre.x - radius, centre.y - radius),
                Point::new(centre.x + radius, centre.y + radius),
            ),
        }
    }
}

fn distance_to_line(place: Point, from: Point, to: Point) -> f32 {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let length_squared = x * x + y * y;
    let along = (place.x - from.x) * x + (place.y - from.y) * y;
    let share = if length_squared > 0.0 { (along / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    place.distance(Point::new(from.x + share * x, from.y + share * y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(stroke: Stroke, x: f32, y: f32, expect: f32) {
        let got = stroke.distance(Point::new(x, y));
        assert!((got - expect).abs() < 1e-5, "({x}, {y}): {got}, not {expect}");
    }

    #[test]
    fn distances_to_lines_and_arcs() {
        let line = Stroke::line(Point::new(0.0, 0.0), Point::new(2.0, 0.0));
        near(line, 1.0, 3.0, 3.0);
        near(line, 5.0, 4.0, 5.0);
        near(Stroke::circle(Point::new(0.0, 0.0), 2.0), 0.0, 0.5, 1.5);
        // The upper half, from the left over the top to the right.
        let upper = Stroke::Arc(Arc {
            centre: Point::new(0.0, 0.0),
            radius: 1.0,
            from: Point::new(-1.0, 0.0),
            to: Point::new(1.0, 0.0),
        });
        near(upper, 0.0, -3.0, 2.0);
        near(upper, 1.0, 2.0, 2.0);
    }
}
