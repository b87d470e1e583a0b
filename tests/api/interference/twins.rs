//! Pairs of tracks that differ only in what is hidden, made up from a number.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

/// Numbers that look thrown, and are the same each time (Vigna's splitmix64).
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `below` numbers from 0 on.
    pub fn below(&mut self, below: u32) -> u32 {
        u32::try_from(self.next() % u64::from(below)).unwrap()
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * f64::from(self.below(1 << 20)) / f64::from(1 << 20)
    }

    pub fn one_in(&mut self, many: u32) -> bool {
        self.below(many) == 0
    }
}

/// Metres north and east of where the country begins.
pub type Spot = [f64; 2];

/// Where a track begins, comes by, and ends, and which of that is hidden.
#[derive(Clone)]
pub struct Country {
    /// Latitude and longitude of its origin.
    pub origin: [f64; 2],
    /// The start, a place on the way, the end.
    pub places: [Spot; 3],
    /// Which lie in a zone.
    pub zoned: [bool; 3],
}

/// How far from a hidden place everything is hidden, in metres, and a bit less.
const HIDDEN_M: f64 = 150.0;
/// Where the way that two twins share comes out of what is hidden for sure, in metres.
const DOOR_M: f64 = 205.0;

#[derive(Clone)]
struct Fix {
    at: Spot,
    elevation_m: Option<f64>,
    heart_rate: Option<u32>,
    /// Since the first fix that the twins share.
    time_ms: i64,
    begins_part: bool,
}

/// A track as a GPX file, and its twin.
pub struct Twins {
    pub files: [Vec<u8>; 2],
}

impl Country {
    fn degrees(&self, [north, east]: Spot) -> [f64; 2] {
        let lat = self.origin[0] + north / 111_320.0;
        [lat, self.origin[1] + east / (111_320.0 * self.origin[0].to_radians().cos())]
    }

    /// Longitude and latitude of one of the places.
    pub fn position(&self, place: usize) -> [f64; 2] {
        let [lat, lon] = self.degrees(self.places[place]);
        [lon, lat]
    }

    /// Two tracks that differ in what is hidden of them: round zones, and round ends if those are cut.
    pub fn twins(&self, dice: &mut Dice, ends_are_cut: bool) -> Twins {
        let shared = self.shared(dice);
        let files = [0, 1].map(|_| self.write(dice, &shared, ends_are_cut, None));
        Twins { files }
    }

    /// A track, and the same with one visible point a few metres aside.
    pub fn strangers(&self, dice: &mut Dice, ends_are_cut: bool) -> Twins {
        let shared = self.shared(dice);
        let same = dice.clone();
        let files = [None, Some(7.0)]
            .map(|aside_m| self.write(&mut same.clone(), &shared, ends_are_cut, aside_m));
        Twins { files }
    }

    /// The way between the places, with what is to be seen beside it.
    fn shared(&self, dice: &mut Dice) -> Shared {
        let has_elevations = !dice.one_in(8);
        let legs = [0, 1].map(|leg| self.leg(dice, leg, has_elevations));
        let day =
            DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000 + i64::from(dice.below(500)));
        Shared { start: day + TimeDelta::seconds(i64::from(dice.below(86_400))), legs }
    }

    fn leg(&self, dice: &mut Dice, leg: usize, has_elevations: bool) -> Vec<Fix> {
        let (from, to) = (self.places[leg], self.places[leg + 1]);
        let [north, east] = [to[0] - from[0], to[1] - from[1]];
        let length_m = north.hypot(east);
        let points = 32 + dice.below(16);
        let (mut time_ms, mut elevation_m) = (0, dice.between(200.0, 900.0));
        let fixes = (0..points).map(|index| {
            let along_m =
                DOOR_M + (length_m - 2.0 * DOOR_M) * f64::from(index) / f64::from(points - 1);
            let is_door = index == 0 || index == points - 1;
            let aside_m = if is_door { 0.0 } else { dice.between(-12.0, 12.0) };
            let at = [
                from[0] + (north * along_m - east * aside_m) / length_m,
                from[1] + (east * along_m + north * aside_m) / length_m,
            ];
            let pause_ms = if dice.one_in(12) { i64::from(dice.below(900_000)) } else { 0 };
            time_ms += 20_000 + i64::from(dice.below(20_000)) + pause_ms;
            elevation_m += dice.between(-6.0, 6.0);
            Fix {
                at,
                elevation_m: has_elevations.then_some(elevation_m),
                heart_rate: (!dice.one_in(9)).then(|| 90 + dice.below(80)),
                time_ms,
                begins_part: dice.one_in(25),
            }
        });
        fixes.collect()
    }

    fn write(
        &self,
        dice: &mut Dice,
        shared: &Shared,
        ends_are_cut: bool,
        aside_m: Option<f64>,
    ) -> Vec<u8> {
        let [first, second] = &shared.legs;
        let hidden = [0, 1, 2].map(|place| {
            let is_hidden = self.zoned[place] || place != 1 && ends_are_cut;
            self.linger(dice, place, is_hidden)
        });
        let mut first = first.clone();
        if let Some(aside_m) = aside_m {
            let middle = first.len() / 2;
            first[middle].at[0] += aside_m;
        }
        let mut fixes = Vec::new();
        // The way in ends when the first leg begins; each other part goes on after the one before.
        let way_in_ms = hidden[0].last().map_or(0, |fix| fix.time_ms);
        append(
            &mut fixes,
            &hidden[0],
            first[0].time_ms - way_in_ms - hop_ms(hidden[0].last(), first.first()),
        );
        append(&mut fixes, &first, 0);
        for part in [&hidden[1], second, &hidden[2]] {
            let from_ms = fixes.last().map_or(0, |fix: &Fix| fix.time_ms);
            let hop_ms = hop_ms(fixes.last(), part.first());
            append(&mut fixes, part, from_ms + hop_ms - part.first().map_or(0, |fix| fix.time_ms));
        }
        let mut waypoints = vec![first[first.len() / 3].at, second[second.len() / 3].at];
        for (place, hidden) in hidden.iter().enumerate() {
            let is_hidden = self.zoned[place] || place != 1 && ends_are_cut;
            for _ in 0..if is_hidden { dice.below(3) } else { 0 } {
                waypoints.push(self.around(dice, place));
                waypoints.extend(hidden.first().map(|fix| fix.at));
            }
        }
        self.gpx(shared.start, &fixes, &waypoints)
    }

    fn around(&self, dice: &mut Dice, place: usize) -> Spot {
        let (away_m, angle) =
            (dice.between(0.0, HIDDEN_M), dice.between(0.0, std::f64::consts::TAU));
        [self.places[place][0] + away_m * angle.cos(), self.places[place][1] + away_m * angle.sin()]
    }

    /// What happens at a place, from second 0 on. An end outside zones stands for its cell, so that it is
    /// the same for both.
    fn linger(&self, dice: &mut Dice, place: usize, is_hidden: bool) -> Vec<Fix> {
        let mut fixes: Vec<Fix> = Vec::new();
        let count = if is_hidden { 1 + dice.below(30) } else { 0 };
        for _ in 0..count {
            let at = self.around(dice, place);
            let pause_ms = if dice.one_in(6) { i64::from(dice.below(9_000_000)) } else { 0 };
            let fix = Fix {
                at,
                elevation_m: (!dice.one_in(5)).then(|| dice.between(100.0, 1_500.0)),
                heart_rate: (!dice.one_in(5)).then(|| 40 + dice.below(160)),
                time_ms: 0,
                begins_part: dice.one_in(8),
            };
            let time_ms = fixes.last().map_or(0, |fix| fix.time_ms)
                + hop_ms(fixes.last(), Some(&fix))
                + pause_ms;
            fixes.push(Fix { time_ms, ..fix });
        }
        let end = Fix {
            at: self.places[place],
            elevation_m: Some(400.0),
            heart_rate: None,
            time_ms: 0,
            begins_part: false,
        };
        match place {
            0 if !self.zoned[0] => {
                let delay_ms = hop_ms(Some(&end), fixes.first());
                for fix in &mut fixes {
                    fix.time_ms += delay_ms;
                }
                fixes.insert(0, end);
            }
            2 if !self.zoned[2] => {
                let time_ms =
                    fixes.last().map_or(0, |fix| fix.time_ms) + hop_ms(fixes.last(), Some(&end));
                fixes.push(Fix { time_ms, ..end });
            }
            _ => {}
        }
        fixes
    }

    fn gpx(&self, start: DateTime<Utc>, fixes: &[Fix], waypoints: &[Spot]) -> Vec<u8> {
        let mut gpx = String::from(
            "<gpx version=\"1.1\" creator=\"test\" xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\">",
        );
        for (index, waypoint) in waypoints.iter().enumerate() {
            let [lat, lon] = self.degrees(*waypoint);
            write!(gpx, "<wpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>Place {index}</name></wpt>")
                .unwrap();
        }
        gpx.push_str("<trk><type>walking</type><trkseg>");
        for (index, fix) in fixes.iter().enumerate() {
            if fix.begins_part && index > 0 {
                gpx.push_str("</trkseg><trkseg>");
            }
            let [lat, lon] = self.degrees(fix.at);
            write!(gpx, "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\">").unwrap();
            if let Some(elevation_m) = fix.elevation_m {
                write!(gpx, "<ele>{elevation_m:.1}</ele>").unwrap();
            }
            let time = start + TimeDelta::milliseconds(fix.time_ms);
            write!(gpx, "<time>{}</time>", time.format("%Y-%m-%dT%H:%M:%S%.3fZ")).unwrap();
            if let Some(heart_rate) = fix.heart_rate {
                write!(gpx, "<extensions><gpxtpx:TrackPointExtension><gpxtpx:hr>{heart_rate}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions>").unwrap();
            }
            gpx.push_str("</trkpt>");
        }
        gpx.push_str("</trkseg></trk></gpx>");
        gpx.into_bytes()
    }
}

/// What two twins have in common.
struct Shared {
    start: DateTime<Utc>,
    legs: [Vec<Fix>; 2],
}

/// Adds a part of a track, so many seconds later than it says.
fn append(fixes: &mut Vec<Fix>, part: &[Fix], later_ms: i64) {
    fixes.extend(part.iter().map(|fix| Fix { time_ms: fix.time_ms + later_ms, ..fix.clone() }));
}

/// How long it takes from one fix to the next, at a walk.
fn hop_ms(from: Option<&Fix>, to: Option<&Fix>) -> i64 {
    let Some((from, to)) = from.zip(to) else { return 0 };
    let distance_m = (from.at[0] - to.at[0]).hypot(from.at[1] - to.at[1]);
    #[allow(clippy::cast_possible_truncation, reason = "some hundreds of metres")]
    let hop_ms = (distance_m * 500.0) as i64;
    hop_ms + 1_000
}
