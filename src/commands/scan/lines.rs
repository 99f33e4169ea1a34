//! What scripts get: an object of JSON for each picture.

use std::borrow::Cow;

use data_encoding::BASE64;
use otpferry_scan::{Code, Frame, Hint, Place, Point, Scan, Unread};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Document, Scanned, Together};
use crate::failure::{Exit, Failure};
use crate::intake::position;

/// One picture.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    file: &'a str,
    /// What a plain reader prints, in reading order.
    payloads: Vec<Cow<'a, str>>,
    codes: Vec<CodeLine<'a>>,
    unread: Vec<UnreadLine>,
    /// Whether anything was left undone.
    cut_short: bool,
    /// Whether the file ends too early.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    torn: bool,
    /// Frames and pages that were not looked at.
    left_out: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// Where the file has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frames: Vec<FrameLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<&'a str>,
}

#[derive(Serialize)]
struct FrameLine {
    place: Option<String>,
    width: u32,
    height: u32,
    cut_short: bool,
}

#[derive(Serialize)]
struct CodeLine<'a> {
    payload: Cow<'a, str>,
    /// The bytes, where they are no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    corners: [[i32; 2]; 4],
    position: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<PartLine>,
    stage: &'static str,
    /// The pictures that were needed, where one was not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_from: Option<&'a [String]>,
}

/// A code that is one of several of one message.
#[derive(Serialize)]
struct PartLine {
    /// From 0.
    index: u8,
    count: u8,
    parity: u8,
}

#[derive(Serialize)]
struct UnreadLine {
    corners: [[i32; 2]; 4],
    position: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    hint: &'static str,
    /// Width of a module in pixels, where that is the trouble.
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<f32>,
}

impl<'a> Line<'a> {
    pub(super) fn new(scanned: &'a Scanned<'_>) -> Self {
        let mut line = Self {
            file: &scanned.source.name,
            payloads: Vec::new(),
            codes: Vec::new(),
            unread: Vec::new(),
            cut_short: false,
            torn: false,
            left_out: 0,
            width: None,
            height: None,
            frames: Vec::new(),
            error: None,
            next_step: None,
        };
        match &scanned.scan {
            Ok(scan) => line.fill(scan, &scanned.together),
            Err(failure) => {
                line.error = Some(&failure.message);
                line.next_step = failure.next_step.as_deref();
            }
        }
        line
    }

    fn fill(&mut self, scan: &'a Scan, together: &'a [Together]) {
        self.cut_short = scan.is_cut_short();
        self.torn = scan.torn;
        self.left_out = scan.left_out;
        for (at, frame) in scan.frames.iter().enumerate() {
            self.codes.extend(frame.codes.iter().map(|code| CodeLine::new(code, frame)));
            for merged in together.iter().filter(|merged| merged.frame == at) {
                let line = CodeLine::new(&merged.code, frame);
                self.codes.push(CodeLine { merged_from: Some(&merged.files), ..line });
            }
            self.unread.extend(frame.unread.iter().map(|unread| UnreadLine::new(unread, frame)));
        }
        self.payloads.extend(self.codes.iter().map(|code| code.payload.clone()));
        match scan.frames.as_slice() {
            [only] if only.place == Place::Whole => {
                (self.width, self.height) = (Some(only.width), Some(only.height));
            }
            several => self.frames = several.iter().map(FrameLine::new).collect(),
        }
    }
}

impl FrameLine {
    fn new(frame: &Frame) -> Self {
        Self {
            place: position::of_frame(frame.place),
            width: frame.width,
            height: frame.height,
            cut_short: frame.cut_short,
        }
    }
}

impl<'a> CodeLine<'a> {
    fn new(code: &'a Code, frame: &Frame) -> Self {
        Self {
            payload: payload(code),
            base64: code.text.is_none().then(|| BASE64.encode(&code.payload)),
            corners: pairs(&code.corners),
            position: position::in_words(&code.corners, frame),
            place: position::of_frame(frame.place),
            part: code.part.map(|part| PartLine {
                index: part.index,
                count: part.count,
                parity: part.parity,
            }),
            stage: code.stage,
            merged_from: None,
        }
    }
}

impl UnreadLine {
    fn new(unread: &Unread, frame: &Frame) -> Self {
        let (hint, module) = match unread.hint {
            Hint::TooSmall { module } => ("too-small", Some(module)),
            Hint::Glare => ("glare", None),
            Hint::CutOff => ("cut-off", None),
            Hint::Blurred => ("blurred", None),
            Hint::Unclear => ("unclear", None),
        };
        Self {
            corners: pairs(&unread.corners),
            position: position::in_words(&unread.corners, frame),
            place: position::of_frame(frame.place),
            hint,
            module,
        }
    }
}

fn pairs(corners: &[Point; 4]) -> [[i32; 2]; 4] {
    corners.map(|at| [at.x, at.y])
}

/// The text of a code; bytes that are none as a plain reader shows them, one character each.
pub(super) fn payload(code: &Code) -> Cow<'_, str> {
    match &code.text {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(code.payload.iter().copied().map(char::from).collect()),
    }
}

/// The picture's line.
pub(super) fn of(scanned: &Scanned<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut json = Zeroizing::new(Vec::new());
    serde_json::to_writer(&mut *json, &Line::new(scanned)).map_err(|_| not_json())?;
    json.push(b'\n');
    Ok(json)
}

/// All pictures in one piece.
pub(super) fn of_all(document: &Document<'_>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut json = Zeroizing::new(Vec::new());
    serde_json::to_writer_pretty(&mut *json, document).map_err(|_| not_json())?;
    json.push(b'\n');
    Ok(json)
}

fn not_json() -> Failure {
    Failure::new(Exit::Internal, "cannot print the result as JSON")
}
