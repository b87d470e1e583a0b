//! The area under a line of readings, from which its means are taken.

/// The area under the line through readings, from its start to a place that only moves forward.
pub(super) struct Area<'a> {
    /// Where the readings are, in any unit: never descending, as long as the readings.
    places: &'a [f64],
    readings: &'a [f64],
    /// The area up to the vertex of this index, which lies at or before the place.
    vertex: usize,
    up_to_vertex: f64,
}

impl<'a> Area<'a> {
    /// Nothing yet, at the start of the line.
    pub fn new(places: &'a [f64], readings: &'a [f64]) -> Self {
        Self { places, readings, vertex: 0, up_to_vertex: 0.0 }
    }

    /// The area from the start up to a place, which lies within the line.
    pub fn up_to(&mut self, place: f64) -> f64 {
        let (places, readings) = (self.places, self.readings);
        while self.vertex + 1 < places.len() && places[self.vertex + 1] <= place {
            let mean = f64::midpoint(readings[self.vertex], readings[self.vertex + 1]);
            self.up_to_vertex += mean * (places[self.vertex + 1] - places[self.vertex]);
            self.vertex += 1;
        }
        if self.vertex + 1 == places.len() {
            return self.up_to_vertex;
        }
        let ([start, end], [low, high]) = (
            [places[self.vertex], places[self.vertex + 1]],
            [readings[self.vertex], readings[self.vertex + 1]],
        );
        let into = place - start;
        let rise = (high - low) * into / (end - start);
        self.up_to_vertex + into * (low + rise / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_grows_along_the_line() {
        let mut area = Area::new(&[0.0, 10.0, 30.0], &[0.0, 4.0, 4.0]);
        let expected_at =
            [(0.0, 0.0), (5.0, 5.0), (5.0, 5.0), (10.0, 20.0), (20.0, 60.0), (30.0, 100.0)];
        for (place, expected) in expected_at {
            assert!((area.up_to(place) - expected).abs() < 1e-12, "{place}");
        }
    }
}
