//! The stages: what is tried, in which order, and why.

use crate::Effort;
use crate::binary::Threshold;

/// One way to look at the picture.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    pub(crate) size: Size,
    pub(crate) tone: Tone,
    pub(crate) thresholds: &'static [Threshold],
    /// Whether codes that `rxing` cannot read are sampled in grey.
    pub(crate) sample: bool,
    /// The least effort that includes it.
    pub(crate) effort: Effort,
    /// Even when everything that was seen has been read.
    pub(crate) always: bool,
    /// Also when all that is left over is finder patterns that make no code.
    pub(crate) on_suspicion: bool,
    /// Only when finder patterns were seen.
    pub(crate) needs: Needs,
}

/// What earlier stages must have seen.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Needs {
    Nothing,
    /// A finder pattern.
    Finder,
    /// Two finder patterns that could be of one code.
    FinderPair,
    /// A finder pattern, light on dark.
    InvertedFinder,
}

/// Which rasters are looked at.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Size {
    /// The picture, its half, its quarter and so on.
    Every,
    /// Those of moderate size.
    Moderate,
    /// The two largest of moderate size.
    Largest,
    /// Twice the picture, when it is small.
    Double,
    /// None: finders that were seen by earlier stages are combined, three and three.
    Threes,
    /// The same with two finders and one that is hidden.
    Twos,
}

/// What is done to grey values first.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Plain,
    /// Light and dark exchanged after the threshold: free where that is there already.
    Flipped,
    /// Light and dark exchanged before the threshold.
    Inverted,
    Sharpened,
    Blurred(usize),
}

/// A stage of normal effort that samples in grey, while nothing was read or a code was seen.
const fn stage(name: &'static str, size: Size, tone: Tone, thresholds: &'static [Threshold]) -> Stage {
    Stage {
        name,
        size,
        tone,
        thresholds,
        sample: true,
        effort: Effort::Normal,
        always: false,
        on_suspicion: false,
        needs: Needs::Nothing,
    }
}

impl Stage {
    const fn at(mut self, effort: Effort) -> Stage {
        self.effort = effort;
        self
    }

    const fn always_and_direct(mut self) -> Stage {
        self.always = true;
        self.sample = false;
        self
    }

    const fn on_suspicion(mut self) -> Stage {
        self.on_suspicion = true;
        self
    }

    const fn needs(mut self, needs: Needs) -> Stage {
        self.needs = needs;
        self
    }
}

/// In order, with the reason of each. docs/qr.md has the gain of each, measured.
pub(crate) const STAGES: &[Stage] = {
    use Effort::{Fast, Max};
    use Needs::{Finder, FinderPair, InvertedFinder};
    use Size::{Double, Every, Largest, Moderate, Threes, Twos};
    use Threshold::{Global, Hybrid, Narrow, Wide};
    use Tone::{Blurred, Flipped, Inverted, Plain, Sharpened};
    &[
        // Four of five codes; the half sizes read what is large and sharp, as on a monitor.
        stage("as is", Every, Plain, &[Hybrid]).at(Fast).always_and_direct(),
        // Dark themes. Costs a tenth of the first, as the threshold is there.
        stage("inverted", Every, Flipped, &[Hybrid]).at(Fast).always_and_direct(),
        // Finders were seen, but black and white is too coarse: blur, noise, glare, bent lenses.
        stage("sampled", Moderate, Plain, &[Hybrid]).at(Fast).on_suspicion(),
        // Shadows and small modules, large ones, faint print. Most grain is gone in a local mean.
        stage("thresholds", Moderate, Plain, &[Narrow, Wide, Global]).on_suspicion(),
        // No pass saw all three finders, or they lie at an angle that `rxing` takes for another.
        stage("combined finders", Threes, Plain, &[]).on_suspicion(),
        // Glare or a finger covers one finder.
        stage("two finders", Twos, Plain, &[]).on_suspicion(),
        // Modules under two pixels.
        stage("enlarged", Double, Plain, &[Narrow]).on_suspicion(),
        // Dots that do not touch each other make no finder until they are blurred; grain.
        stage("blurred", Largest, Blurred(2), &[Wide, Narrow]),
        stage("blurred, hybrid threshold", Largest, Blurred(2), &[Hybrid]).needs(Finder),
        // White codes on a gradient: the threshold depends on which tone is the ground.
        stage("inverted, sampled", Moderate, Inverted, &[Hybrid, Narrow]).needs(InvertedFinder),
        // Small and out of focus.
        stage("enlarged and sharpened", Double, Sharpened, &[Hybrid, Wide]).on_suspicion().needs(FinderPair),
        // Rare gains at the price of all the above.
        stage("enlarged, other thresholds", Double, Plain, &[Hybrid, Wide]).at(Max),
        stage("blurred a little", Largest, Blurred(1), &[Hybrid, Wide]).at(Max),
        stage("inverted, other thresholds", Moderate, Inverted, &[Wide, Global]).at(Max),
    ]
};
