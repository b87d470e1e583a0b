//! Chance: a generator that always gives the same, and how often guessing succeeds.

use std::f64::consts::TAU;

/// By how many standard deviations an attack may do better than guessing. Once in 700 times a
/// harmless one does; the seed is fixed, so it does so always or never.
const DEVIATIONS_MAX: f64 = 3.0;

/// `SplitMix64` (Steele, Lea, Flood 2014).
pub struct Random(u64);

/// How often an attack succeeded, and how often guessing is expected to.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub victims: usize,
    pub hits: f64,
    pub expected: f64,
    variance: f64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn pair(&mut self) -> [u32; 2] {
        let bits = self.bits();
        [bits >> 32, bits & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap())
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        f64::from(self.pair()[0]) / 2_f64.powi(32)
    }

    pub fn between(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.share()
    }

    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(count).unwrap()).unwrap()
    }

    /// Two independent normal values with this standard deviation (Box and Muller).
    pub fn normal(&mut self, deviation: f64) -> [f64; 2] {
        let (length, turn) = ((1.0 - self.share()).ln() * -2.0, TAU * self.share());
        let length = deviation * length.sqrt();
        [length * turn.cos(), length * turn.sin()]
    }
}

impl Tally {
    /// One more victim, whom guessing finds with this probability.
    pub fn add(&mut self, found: bool, guessing: f64) {
        self.victims += 1;
        self.hits += f64::from(u8::from(found));
        self.expected += guessing;
        self.variance += guessing * (1.0 - guessing);
    }

    /// Whether it succeeds no more often than guessing, but for chance. The last success may be
    /// chance whatever the deviation.
    pub fn is_guessing(&self) -> bool {
        self.hits <= self.expected + DEVIATIONS_MAX * self.variance.sqrt() + 1.0
    }

    /// The share of victims found.
    pub fn rate(&self) -> f64 {
        self.hits / count(self.victims)
    }

    /// The share of victims that guessing finds.
    pub fn guessing(&self) -> f64 {
        self.expected / count(self.victims)
    }
}

fn count(victims: usize) -> f64 {
    f64::from(u32::try_from(victims.max(1)).unwrap())
}
