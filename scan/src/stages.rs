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
    /// A finder pattern, light on dark.
    InvertedFinder,
}

/// Which rasters are looked at.
#[derive(Clone, Copy)]
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

const fn fast(mut stage: Stage) -> Stage {
    stage.effort = Effort::Fast;
    stage
}

const fn max(mut stage: Stage) -> Stage {
    stage.effort = Effort::Max;
    stage
}

const fn always(mut stage: Stage) -> Stage {
    stage.always = true;
    stage.sample = false;
    fast(stage)
}

const fn suspicious(mut stage: Stage) -> Stage {
    stage.on_suspicion = true;
    stage
}

const fn seen(mut stage: Stage) -> Stage {
    stage.needs = Needs::Finder;
    stage
}

const fn inverted_seen(mut stage: Stage) -> Stage {
    stage.needs = Needs::InvertedFinder;
    stage
}

pub(crate) const STAGES: &[Stage] = {
    use Size::{Double, Every, Largest, Moderate, Threes, Twos};
    use Threshold::{Global, Hybrid, Narrow, Wide};
    use Tone::{Blurred, Flipped, Inverted, Plain, Sharpened};
    &[
        always(stage("as is", Every, Plain, &[Hybrid])),
        always(stage("inverted", Every, Flipped, &[Hybrid])),
        fast(suspicious(stage("sampled", Moderate, Plain, &[Hybrid]))),
        suspicious(stage("thresholds", Moderate, Plain, &[Narrow, Wide, Global])),
        suspicious(stage("combined finders", Threes, Plain, &[])),
        suspicious(stage("two finders", Twos, Plain, &[])),
        suspicious(stage("enlarged", Double, Plain, &[Narrow])),
        stage("blurred", Largest, Blurred(2), &[Wide]),
        seen(stage("blurred, hybrid threshold", Largest, Blurred(2), &[Hybrid])),
        inverted_seen(stage("inverted, sampled", Moderate, Inverted, &[Hybrid, Narrow])),
        max(stage("enlarged, other thresholds", Double, Plain, &[Hybrid, Wide])),
        suspicious(seen(stage("enlarged and sharpened", Double, Sharpened, &[Hybrid, Wide]))),
        max(stage("blurred a little", Largest, Blurred(1), &[Hybrid, Wide])),
        max(stage("inverted, other thresholds", Moderate, Inverted, &[Wide, Global])),
    ]
};
