//! The area under a profile, from which its means are taken.

use super::profile::Profile;

/// The area under a profile, from its start to a place that only moves forward.
pub(super) struct Area<'a> {
    profile: &'a Profile,
    /// The area up to the vertex of this index, which lies at or before the place.
    vertex: usize,
    up_to_vertex: f64,
}

impl<'a> Area<'a> {
    /// Nothing yet, at the start of the profile.
    pub fn new(profile: &'a Profile) -> Self {
        Self { profile, vertex: 0, up_to_vertex: 0.0 }
    }

    /// The area from the start up to a place, which lies within the profile.
    pub fn up_to(&mut self, place_m: f64) -> f64 {
        let (along_m, elevation_m) = (&self.profile.along_m, &self.profile.elevation_m);
        while self.vertex + 1 < along_m.len() && along_m[self.vertex + 1] <= place_m {
            let mean_m = f64::midpoint(elevation_m[self.vertex], elevation_m[self.vertex + 1]);
            self.up_to_vertex += mean_m * (along_m[self.vertex + 1] - along_m[self.vertex]);
            self.vertex += 1;
        }
        if self.vertex + 1 == along_m.len() {
            return self.up_to_vertex;
        }
        let ([start_m, end_m], [low_m, high_m]) = (
            [along_m[self.vertex], along_m[self.vertex + 1]],
            [elevation_m[self.vertex], elevation_m[self.vertex + 1]],
        );
        let into_m = place_m - start_m;
        let rise_m = (high_m - low_m) * into_m / (end_m - start_m);
        self.up_to_vertex + into_m * (low_m + rise_m / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_grows_along_the_profile() {
        let profile = Profile { along_m: vec![0.0, 10.0, 30.0], elevation_m: vec![0.0, 4.0, 4.0] };
        let mut area = Area::new(&profile);
        let expected =
            [(0.0, 0.0), (5.0, 5.0), (5.0, 5.0), (10.0, 20.0), (20.0, 60.0), (30.0, 100.0)];
        for (place_m, expected_m2) in expected {
            assert!((area.up_to(place_m) - expected_m2).abs() < 1e-12, "{place_m}");
        }
    }
}
