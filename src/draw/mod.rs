//! Payload to QR code.

mod outline;

use std::io::Cursor;
use std::iter;

use image::{GrayImage, ImageFormat};
use otpferry_scan::Options;
use qrcode::{EcLevel, QrCode};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// White modules around a code, as the standard asks for.
pub(crate) const QUIET_ZONE: usize = 4;
/// Pixels of a module: a dense code stays over 4 pixels when a screen shows it at half size.
const MODULE: usize = 8;

/// The same where a code that was just drawn is read again: nothing has blurred it.
const MODULE_CHECKED: usize = 3;
/// Hundredths of a millimetre of a module on paper. A phone needs 0.7 mm; printers that fit a page to their
/// margins take some off.
const MODULE_ON_PAPER: usize = 76;
/// Hundredths of a millimetre of the smallest code on paper.
const SMALLEST_ON_PAPER: usize = 4500;

/// Most bytes of a payload: a QR code of version 40 with error correction M.
pub(crate) const MOST_BYTES: usize = 2331;

/// A picture format that QR codes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Png,
    Svg,
}

impl Picture {
    /// The end of its file names.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }

    /// The format that a file name asks for.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

/// The modules of a QR code. Our scanner has read them and got the payload.
pub(crate) struct Qr {
    /// Modules of one side, without the quiet zone.
    side: usize,
    /// Row by row.
    dark: Zeroizing<Vec<bool>>,
}

impl Qr {
    /// Makes the code of a payload and lets the scanner read it.
    ///
    /// # Errors
    /// [`Exit::Limit`] when it is too long for one code; [`Exit::CodesDiffer`] when the scanner reads
    /// something else.
    pub(crate) fn of(payload: &[u8]) -> Result<Self, Failure> {
        // Error correction M, as Google Authenticator draws its own codes.
        let code = QrCode::with_error_correction_level(payload, EcLevel::M).map_err(|_| {
            Failure::new(Exit::Limit, "too much for one QR code")
                .next_step("Put fewer accounts into one code with --per-qr 5")
        })?;
        let dark = code.to_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect();
        let qr = Self { side: code.width(), dark: Zeroizing::new(dark) };
        qr.check(payload)?;
        Ok(qr)
    }

    /// Modules of one side, with the quiet zone.
    pub(crate) fn side(&self) -> usize {
        self.side + 2 * QUIET_ZONE
    }

    /// Hundredths of a millimetre of the side on paper, with the quiet zone.
    pub(crate) fn on_paper(&self) -> usize {
        (self.side() * MODULE_ON_PAPER).max(SMALLEST_ON_PAPER)
    }

    /// Whether a module is dark; places count from the corner of the quiet zone.
    pub(crate) fn is_dark(&self, column: usize, row: usize) -> bool {
        let inside = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < self.side);
        match (inside(column), inside(row)) {
            (Some(column), Some(row)) => self.dark.get(row * self.side + column).is_some_and(|dark| *dark),
            _ => false,
        }
    }

    /// The dark modules as corners of outlines to be filled, one unit a module, with the quiet zone.
    #[cfg(feature = "pdf")]
    pub(crate) fn outlines(&self) -> Vec<Vec<(usize, usize)>> {
        outline::outlines(self)
    }

    /// The dark modules as data of an SVG path, one unit a module, with the quiet zone.
    pub(crate) fn path(&self) -> Zeroizing<String> {
        outline::path(self)
    }

    /// A picture file.
    ///
    /// # Errors
    /// [`Exit::Internal`] when the picture cannot be encoded.
    pub(crate) fn picture(&self, picture: Picture) -> Result<Vec<u8>, Failure> {
        match picture {
            Picture::Svg => Ok(self.svg().into_bytes()),
            Picture::Png => {
                let mut bytes = Cursor::new(Vec::new());
                self.raster(MODULE)
                    .write_to(&mut bytes, ImageFormat::Png)
                    .map_err(|_| Failure::new(Exit::Internal, "cannot encode the picture"))?;
                Ok(bytes.into_inner())
            }
        }
    }

    fn svg(&self) -> String {
        let (side, pixels) = (self.side(), self.side() * MODULE);
        let path = self.path();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{pixels}\" height=\"{pixels}\" \
             viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{}\"/></svg>\n",
            path.as_str()
        )
    }

    fn raster(&self, pixels: usize) -> GrayImage {
        let side = self.side() * pixels;
        let mut luma = Vec::with_capacity(side * side);
        for row in 0..self.side() {
            for column in 0..self.side() {
                luma.extend(iter::repeat_n(if self.is_dark(column, row) { 0 } else { 255 }, pixels));
            }
            for _ in 1..pixels {
                luma.extend_from_within(luma.len() - side..);
            }
        }
        let side = u32::try_from(side).unwrap_or_default();
        GrayImage::from_raw(side, side, luma).unwrap_or_default()
    }

    fn check(&self, payload: &[u8]) -> Result<(), Failure> {
        let raster = self.raster(MODULE_CHECKED);
        let frame =
            otpferry_scan::scan_luma(raster.width(), raster.height(), raster.as_raw(), &Options::default());
        let same = frame.is_ok_and(|frame| frame.codes.iter().any(|code| code.payload.as_slice() == payload));
        if same { Ok(()) } else { Err(unreadable()) }
    }
}

/// The payload of a drawn picture.
pub(crate) fn read(picture: &[u8]) -> Result<Vec<u8>, Failure> {
    let scan = otpferry_scan::scan(picture, &Options::default()).ok();
    let code = scan.and_then(|scan| scan.codes().next().cloned());
    code.map(|code| code.payload.to_vec()).ok_or_else(unreadable)
}

fn unreadable() -> Failure {
    Failure::new(Exit::CodesDiffer, "a drawn QR code cannot be read again")
        .next_step("Put fewer accounts into one code with --per-qr 5, or write text")
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    const PAYLOAD: &[u8] = b"otpauth://totp/Acme:a?secret=OTPFERRYCANARYAAAAAAAAAAAAAAAAAA";

    /// A reader that shares no code with ours.
    fn read_by_rqrr(grey: &GrayImage) -> Vec<u8> {
        let pixel = |x: usize, y: usize| grey.get_pixel(x as u32, y as u32).0[0];
        let (width, height) = (grey.width() as usize, grey.height() as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
        let mut read = Vec::new();
        prepared.detect_grids()[0].decode_to(&mut read).unwrap();
        read
    }

    #[test]
    fn a_drawn_picture_is_read_by_the_scanner() {
        let png = Qr::of(PAYLOAD).unwrap().picture(Picture::Png).unwrap();
        let scan = otpferry_scan::scan(&png, &Options::default()).unwrap();
        assert_eq!(scan.codes().next().unwrap().payload.as_slice(), PAYLOAD);
        assert_eq!(read_by_rqrr(&image::load_from_memory(&png).unwrap().into_luma8()), PAYLOAD);
    }

    /// The path is drawn again by the simplest of painters: a module is dark if an odd number of the path's
    /// upright lines is on its left.
    #[test]
    fn the_path_draws_the_modules() {
        let qr = Qr::of(PAYLOAD).unwrap();
        let (scale, side) = (4, qr.side());
        let mut dark = vec![false; side * side];
        for outline in qr.path().strip_suffix('z').unwrap().split("zM") {
            let commands = outline.trim_start_matches('M').replace('h', " h ").replace('v', " v ");
            let mut words = commands.split(' ');
            let mut number = || words.next()?.parse::<i32>().ok();
            let (mut x, mut y) = (number().unwrap(), number().unwrap());
            let start = (x, y);
            let mut lines: Vec<(i32, i32, i32)> = Vec::new();
            while let (Some(command), Some(length)) = (words.next(), words.next()) {
                let length = length.parse::<i32>().unwrap();
                match command {
                    "h" => x += length,
                    _ => {
                        lines.push((x, y.min(y + length), y.max(y + length)));
                        y += length;
                    }
                }
            }
            lines.push((x, y.min(start.1), y.max(start.1)));
            assert!(x == start.0 || y == start.1, "the last line is upright or level");
            for (x, from, to) in lines {
                for row in from as usize..to as usize {
                    dark[row * side..][x as usize..side].iter_mut().for_each(|dark| *dark = !*dark);
                }
            }
        }
        let pixels = (side * scale) as u32;
        let grey = GrayImage::from_fn(pixels, pixels, |x, y| {
            Luma([if dark[y as usize / scale * side + x as usize / scale] { 0 } else { 255 }])
        });
        assert_eq!(read_by_rqrr(&grey), PAYLOAD);
        let svg = String::from_utf8(qr.picture(Picture::Svg).unwrap()).unwrap();
        assert!(svg.starts_with("<?xml") && svg.contains(&format!("<path d=\"{}\"/>", qr.path().as_str())));
    }

    #[test]
    fn too_much_is_an_error() {
        assert_eq!(Qr::of(&[b'a'; 4000]).err().map(|failure| failure.exit), Some(Exit::Limit));
    }
}
