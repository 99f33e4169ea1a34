//! What a scan tells: the codes, where they are, and what could not be read and why.

use zeroize::Zeroizing;

use crate::grid::Grid;

/// A place in the picture as displayed, in pixels from the top left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

/// What a picture file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// One for most pictures; several for animations and for files with pages.
    pub frames: Vec<Frame>,
    /// Frames that were left out because of a limit, as far as they are known.
    pub left_out: usize,
    /// Whether some of those were too large.
    pub too_large: bool,
    /// Whether the file ends too early, so that what follows is not known.
    pub torn: bool,
}

/// One picture of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Which of the file's pictures.
    pub place: Place,
    /// Width of the picture as displayed.
    pub width: u32,
    /// Height of the picture as displayed.
    pub height: u32,
    /// The codes in reading order. Two separate codes with one payload are two codes.
    pub codes: Vec<Code>,
    /// Codes that were seen (three finder patterns with timing patterns between them) and not read.
    pub unread: Vec<Unread>,
    /// Work was left undone because the effort or the deadline did not allow more.
    pub cut_short: bool,
}

/// Which picture of a file. All numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The only one.
    Whole,
    /// A picture of an animation.
    Frame(u32),
    /// A page, or a picture of a file that holds several.
    Page(u32),
    /// A picture on a page: page and picture.
    PictureOnPage(u32, u32),
}

/// A QR code that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// The bytes in the code; not necessarily text.
    pub payload: Zeroizing<Vec<u8>>,
    /// The payload as text, when its bytes are text by what the code says of them.
    pub text: Option<Zeroizing<String>>,
    /// Top left, top right, bottom right and bottom left as the code itself counts them, so a code
    /// that lies on its side has its top left corner elsewhere. May lie outside the picture.
    pub corners: [Point; 4],
    /// Set when the code is one of several that hold one message (structured append).
    pub part: Option<Part>,
    /// The look at the picture that read it first.
    pub stage: &'static str,
}

/// The place of a code in a message of several codes (ISO/IEC 18004, structured append).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// 0-based position.
    pub index: u8,
    /// How many codes there are, at most 16.
    pub count: u8,
    /// The same in all codes of a message: the exclusive or of its bytes.
    pub parity: u8,
}

impl std::fmt::Debug for Code {
    /// Without the payload, which is likely to be a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Code")
            .field("payload_len", &self.payload.len())
            .field("corners", &self.corners)
            .field("part", &self.part)
            .field("stage", &self.stage)
            .finish()
    }
}

/// A code that was seen and not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// As far as they are known, as those of [`Code`].
    pub corners: [Point; 4],
    /// What stands in the way.
    pub hint: Hint,
    /// What was seen of the modules, for [`merge`](crate::merge).
    pub grid: Option<Grid>,
}

/// What stands in the way of reading a code, as measured in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hint {
    /// Modules are this many pixels wide, fewer than can be told apart.
    TooSmall {
        /// Pixels.
        module: f32,
    },
    /// A part of the code has no contrast: glare or a shadow.
    Glare,
    /// The code reaches over the edge of the picture.
    CutOff,
    /// Dark and light run into each other: out of focus, or moved.
    Blurred,
    /// Nothing of the above was measured.
    Unclear,
}

impl Scan {
    /// The codes of all frames, in order.
    pub fn codes(&self) -> impl Iterator<Item = &Code> {
        self.frames.iter().flat_map(|frame| &frame.codes)
    }

    /// Whether some work was left undone in any frame, or frames were left out.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.left_out > 0 || self.torn || self.frames.iter().any(|frame| frame.cut_short)
    }
}
