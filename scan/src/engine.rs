//! Looks at a picture in stages, from cheap to dear, until its codes are read.

use std::time::Instant;

use rxing::common::BitMatrix;

use crate::candidate::{self, Candidate};
use crate::direct;
use crate::finder::{self, Finder};
use crate::fit::{self, Clue, sample};
use crate::found;
use crate::geometry::Spot;
use crate::layers::{Layer, layers};
use crate::picture::Picture;
use crate::raster::Luma;
use crate::sighting::Sighting;
use crate::stages::{Needs, STAGES, Size, Stage, Tone};
use crate::symbol::{self, Message};
use crate::{Code, Effort, Frame, Hint, Options, Place, Point, Unread};

/// How many times a code's modules may be sampled: bounds the time without a clock.
fn allowance(effort: Effort) -> usize {
    match effort {
        Effort::Fast => 30,
        Effort::Normal => 250,
        Effort::Max => 3000,
    }
}

/// Sets of finders that are read in one raster, and in all of a picture.
const MAX_SETS: usize = 6000;
const MAX_SETS_IN_ALL: usize = 5 * MAX_SETS;
/// Of those that were not read, how many are sampled in grey.
const MAX_SAMPLED: usize = 16;
/// Finder patterns outside of codes that are remembered: a picture of codes has fewer.
const MAX_LONE: usize = 1000;
/// Combinations of finders that are sampled.
const MAX_COMBINED: usize = 40;
/// Pixels a module at which grey values tell most for their cost.
const GOOD_MODULE: f64 = 3.0;
/// Share of the modules that every code has at which nothing else about a fit is worth a look; a
/// half is chance.
const MOST_DISAGREEMENT: f32 = 0.3;
/// How often a grid is bent further to a code that is not flat.
const BENDS: usize = 3;
/// Larger codes have so many alignment patterns that bending to contrast gains nothing.
const LARGEST_SNAPPED: usize = 61;
/// Modules by which finders may differ and still give the same samples.
const SAME: f64 = 0.3;

/// Looks at a picture until its codes are read or the effort is spent.
pub(crate) fn search(picture: &Picture, options: &Options) -> Frame {
    let mut search = Search::new(options);
    search.look_at(&picture.on_white);
    // Light codes on a transparent ground are there on black only.
    if let Some(black) = &picture.on_black {
        search.look_at(black);
    }
    search.frame(picture.on_white.width, picture.on_white.height)
}

/// What is known of a picture so far. Places are in pixels of the picture.
struct Search<'a> {
    options: &'a Options,
    codes: Vec<Code>,
    sightings: Vec<Sighting>,
    /// Finder patterns outside of codes that were read.
    lone: Vec<Finder>,
    /// Most finder patterns that one inverted raster had.
    inverted: usize,
    /// What was sampled in the raster that is looked at.
    sampled: Vec<Candidate>,
    /// Sets that were as plausible as those that were sampled, but too many.
    skipped: Vec<Candidate>,
    /// Two finders with a timing pattern between them.
    halves: Vec<Candidate>,
    /// How many times modules were sampled.
    fits: usize,
    /// How many sets `rxing` has read.
    sets: usize,
    cut_short: bool,
}

impl<'a> Search<'a> {
    fn new(options: &'a Options) -> Self {
        Search {
            options,
            codes: Vec::new(),
            sightings: Vec::new(),
            lone: Vec::new(),
            inverted: 0,
            sampled: Vec::new(),
            skipped: Vec::new(),
            halves: Vec::new(),
            fits: 0,
            sets: 0,
            cut_short: false,
        }
    }

    fn look_at(&mut self, luma: &Luma) {
        let layers = layers(luma, self.options.effort);
        let Some(largest) = layers.first() else { return };
        for stage in STAGES.iter().filter(|stage| stage.effort <= self.options.effort) {
            if self.is_due(stage) && !self.is_over() {
                self.run(stage, &layers, largest);
            }
        }
    }

    fn is_due(&self, stage: &Stage) -> bool {
        if stage.always || self.options.effort == Effort::Max {
            return true;
        }
        if self.codes.is_empty() {
            return self.has(stage.needs);
        }
        let unread = self.sightings.iter().any(Sighting::is_code);
        self.options.effort == Effort::Normal && (unread || stage.on_suspicion && self.is_suspicious())
    }

    fn has(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Finder => !self.lone.is_empty(),
            Needs::FinderPair => self.is_suspicious(),
            Needs::InvertedFinder => self.inverted > 0,
        }
    }

    /// Whether two finder patterns are left over that could be of one code.
    fn is_suspicious(&self) -> bool {
        let could_be_one =
            |a: &Finder, b: &Finder| a.is_like(b) && a.middle.distance(b.middle) < 30.0 * a.width;
        let mut rest = self.lone.iter().enumerate();
        rest.any(|(i, a)| self.lone[..i].iter().any(|b| could_be_one(a, b)))
    }

    /// Whether the work that is about to be done has to be left undone.
    fn is_over(&mut self) -> bool {
        let late = self.options.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let spent = self.fits >= allowance(self.options.effort) || self.sets >= MAX_SETS_IN_ALL;
        self.cut_short |= late || spent;
        late || spent
    }

    fn run(&mut self, stage: &Stage, layers: &[Layer], largest: &Layer) {
        let moderate = layers.iter().filter(|layer| layer.is_moderate());
        match stage.size {
            Size::Every => layers.iter().for_each(|layer| self.look(stage, layer)),
            Size::Moderate => moderate.for_each(|layer| self.look(stage, layer)),
            Size::Largest => moderate.take(2).for_each(|layer| self.look(stage, layer)),
            Size::Double => largest.doubled().iter().for_each(|layer| self.look(stage, layer)),
            Size::Threes => self.combine(stage, layers, candidate::threes(&self.lone)),
            Size::Twos => self.combine(stage, layers, candidate::twos(&self.lone)),
        }
    }

    fn look(&mut self, stage: &Stage, layer: &Layer) {
        self.sampled.clear();
        let toned = layer.toned(stage.tone);
        let luma = toned.as_ref().unwrap_or(&layer.luma);
        for &threshold in stage.thresholds {
            let Some(bits) = layer.binary(stage.tone, toned.as_ref(), threshold) else { return };
            let unread = self.read_directly(stage, &bits, layer.factor);
            if !stage.sample {
                continue;
            }
            let mut sampled = 0;
            for (candidate, clue) in unread {
                if self.is_over() {
                    return;
                }
                if sampled == MAX_SAMPLED {
                    self.skip(candidate.scaled(layer.factor));
                    continue;
                }
                let traced = candidate.with_corners(&bits);
                sampled += usize::from(self.read_grey(stage, luma, layer.factor, &traced, clue));
            }
        }
    }

    /// Samples finders that were seen in different looks, or that lie at odd angles, or whose third
    /// is hidden.
    fn combine(&mut self, stage: &Stage, layers: &[Layer], candidates: Vec<Candidate>) {
        self.sampled.clear();
        for candidate in candidates.into_iter().take(MAX_COMBINED) {
            if self.is_over() {
                return;
            }
            let Some(layer) = fitting(layers, candidate.module()) else { return };
            let here = candidate.scaled(1.0 / layer.factor);
            self.read_grey(stage, &layer.luma, layer.factor, &here, None);
            if stage.size == Size::Twos && fit::has_timing_between(&layer.luma, &here) {
                self.halves.push(candidate);
            }
        }
    }

    /// Reads what `rxing` can; returns what it cannot, the most plausible first.
    fn read_directly(
        &mut self,
        stage: &Stage,
        bits: &BitMatrix,
        factor: f64,
    ) -> Vec<(Candidate, Option<Clue>)> {
        let (mut patterns, all) = finder::patterns(bits);
        let sets = finder::sets(&mut patterns);
        self.cut_short |= !all;
        let mut unread = Vec::new();
        let most = self.sets + MAX_SETS;
        for set in &sets {
            let candidate = Candidate::of_set(set);
            if self.is_within_read(&candidate.scaled(factor)) {
                continue;
            }
            if self.sets == most {
                self.cut_short = true;
                break;
            }
            if self.is_over() {
                break;
            }
            self.sets += 1;
            let direct = direct::read(bits, set);
            match (direct.reading, direct.grid) {
                (Some(reading), Some(grid)) => self.add(reading.message, grid.outline, factor, stage.name),
                (_, grid) if candidate.is_plausible() => unread.push((candidate, grid)),
                _ => {}
            }
        }
        unread.retain(|(candidate, _)| !self.is_read(&candidate.scaled(factor)));
        if let Tone::Inverted | Tone::Flipped = stage.tone {
            self.inverted = self.inverted.max(patterns.len());
        } else {
            self.remember(bits, patterns.into_iter().map(finder::finder), factor);
        }
        unread
    }

    fn remember(&mut self, bits: &BitMatrix, finders: impl Iterator<Item = Finder>, factor: f64) {
        for finder in finders {
            let at = finder.scaled(factor);
            let in_code = self.codes.iter().any(|code| is_in(&code.corners, at.middle));
            if !in_code && self.lone.len() < MAX_LONE && !self.lone.iter().any(|other| other.is_same(&at)) {
                self.lone.push(finder.with_corners(bits).scaled(factor));
            }
        }
    }

    /// Returns whether it was worth the work.
    fn read_grey(
        &mut self,
        stage: &Stage,
        luma: &Luma,
        factor: f64,
        candidate: &Candidate,
        clue: Option<Clue>,
    ) -> bool {
        let at = candidate.scaled(factor);
        let hopeless =
            |sighting: &Sighting| at.middles().iter().all(|&m| sighting.is_hopeless_at(to_picture(m)));
        if self.is_read(&at)
            || self.sampled.iter().any(|other| other.is_same(&at, SAME))
            || self.sightings.iter().any(hopeless)
        {
            return false;
        }
        self.sampled.push(at);
        for mut fit in fit::fits(luma, candidate, clue) {
            for round in 0..=BENDS {
                if round > 0 {
                    fit = fit.snapped(luma);
                }
                self.fits += 1;
                let samples = sample::sample(luma, &fit);
                let best = samples.best();
                let disagreement = symbol::disagreement(&best);
                if disagreement > MOST_DISAGREEMENT {
                    break;
                }
                if let Some(reading) = samples.readings().find_map(|soft| symbol::read(&soft, true)) {
                    self.add(reading.message, fit.outline(), factor, stage.name);
                    return true;
                }
                let corners = fit.outline().map(|corner| to_picture(corner * factor));
                let new = || Sighting::new(&fit, &samples, best, corners, factor);
                self.see(&corners, disagreement, new);
                if fit.layout.size > LARGEST_SNAPPED {
                    break;
                }
            }
        }
        true
    }

    fn skip(&mut self, candidate: Candidate) {
        if self.skipped.len() < MAX_LONE && !self.skipped.iter().any(|other| other.is_same(&candidate, 1.0)) {
            self.skipped.push(candidate);
        }
    }

    fn add(&mut self, message: Message, corners: [Spot; 4], factor: f64, stage: &'static str) {
        let corners = corners.map(|corner| to_picture(corner * factor));
        let Message { payload, text, part } = message;
        self.sightings.retain(|sighting| !sighting.is_at(&corners));
        self.lone.retain(|finder| !is_in(&corners, finder.middle));
        found::add(&mut self.codes, Code { payload, text, corners, part, stage });
    }

    /// Whether one of the finders lies in a code that was read: a sheet of codes is full of sets
    /// made of the finders of several.
    fn is_read(&self, candidate: &Candidate) -> bool {
        self.codes.iter().any(|code| candidate.known().any(|(_, finder)| is_in(&code.corners, finder.middle)))
    }

    /// The same, except for a set that may be of a smaller code within one that was read.
    fn is_within_read(&self, candidate: &Candidate) -> bool {
        let middles = candidate.middles();
        self.codes.iter().any(|code| {
            let inside = middles.iter().filter(|&&middle| is_in(&code.corners, middle)).count();
            let side = found::side(&code.corners);
            inside > 0 && (inside < 3 || 2.0 * middles[0].distance(middles[1]) > side)
        })
    }

    fn see(&mut self, corners: &[Point; 4], disagreement: f32, new: impl FnOnce() -> Sighting) {
        match self.sightings.iter_mut().find(|known| known.is_at(corners)) {
            Some(known) => known.look_again(disagreement, new),
            None => self.sightings.push(new()),
        }
    }

    fn frame(self, width: usize, height: usize) -> Frame {
        let seen = self.sightings.iter().filter(|sighting| sighting.is_code());
        let mut unread: Vec<Unread> = seen.map(|sighting| sighting.unread(width, height)).collect();
        if self.codes.is_empty() && unread.is_empty() {
            unread.extend(self.halves.iter().find(|half| half.is_cut_off(width, height)).map(cut_off));
        }
        let skipped = self.skipped.iter().any(|candidate| !self.is_read(candidate));
        Frame {
            place: Place::Whole,
            width: width as u32,
            height: height as u32,
            codes: found::in_reading_order(self.codes),
            unread,
            cut_short: self.cut_short || skipped,
        }
    }
}

/// Two finders of a code whose third is outside of the picture.
fn cut_off(pair: &Candidate) -> Unread {
    Unread { corners: pair.outline().map(to_picture), hint: Hint::CutOff, grid: None }
}

fn is_in(corners: &[Point; 4], place: Spot) -> bool {
    found::contains(corners, to_picture(place))
}

fn to_picture(place: Spot) -> Point {
    Point { x: place.x.round() as i32, y: place.y.round() as i32 }
}

/// The smallest layer in which modules are large enough, else the largest.
fn fitting(layers: &[Layer], module: f64) -> Option<&Layer> {
    layers.iter().rev().find(|layer| module / layer.factor >= GOOD_MODULE).or(layers.first())
}

#[cfg(test)]
mod tests;
