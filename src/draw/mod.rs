//! Payload to QR code.

use image::{GrayImage, ImageFormat, Luma};
use otpferry_scan::Options;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use std::io::Cursor;

use crate::failure::{Exit, Failure};

/// White modules around a code, as the standard asks for.
const QUIET_ZONE: u32 = 4;
/// Pixels of a module: a dense code stays over 4 pixels when a screen shows it at half size.
const MODULE: u32 = 8;

/// Most bytes of a payload: a QR code of version 40 with error correction M.
pub(crate) const MOST_BYTES: usize = 2331;

/// A picture format that QR codes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    Png,
    Svg,
}

impl Picture {
    /// The format that a file name asks for.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        match extension.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

/// Draws a payload. The drawn modules are read again by the scanner and have to give the payload.
pub(crate) fn draw(payload: &[u8], picture: Picture) -> Result<Vec<u8>, Failure> {
    // Error correction M, as Google Authenticator draws its own codes.
    let code = QrCode::with_error_correction_level(payload, EcLevel::M).map_err(|_| {
        Failure::new(Exit::Limit, "too much for one QR code")
            .next_step("Put fewer accounts into one code with --per-qr 5")
    })?;
    let raster = rasterise(&code);
    check(&raster, payload)?;
    match picture {
        Picture::Svg => {
            let svg = code
                .render::<svg::Color<'_>>()
                .min_dimensions(raster.width(), raster.height())
                .quiet_zone(true)
                .build();
            Ok(svg.into_bytes())
        }
        Picture::Png => {
            let mut bytes = Cursor::new(Vec::new());
            raster
                .write_to(&mut bytes, ImageFormat::Png)
                .map_err(|_| Failure::new(Exit::Internal, "cannot encode the picture"))?;
            Ok(bytes.into_inner())
        }
    }
}

fn rasterise(code: &QrCode) -> GrayImage {
    let modules = u32::try_from(code.width()).unwrap_or(0);
    let side = (modules + 2 * QUIET_ZONE) * MODULE;
    GrayImage::from_fn(side, side, |x, y| {
        let module = |at: u32| (at / MODULE).checked_sub(QUIET_ZONE).filter(|at| *at < modules);
        let dark = match (module(x), module(y)) {
            (Some(column), Some(row)) => {
                let place = (usize::try_from(column), usize::try_from(row));
                matches!(place, (Ok(column), Ok(row)) if code[(column, row)] == qrcode::Color::Dark)
            }
            _ => false,
        };
        Luma([if dark { 0 } else { 255 }])
    })
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

fn check(raster: &GrayImage, payload: &[u8]) -> Result<(), Failure> {
    let frame =
        otpferry_scan::scan_luma(raster.width(), raster.height(), raster.as_raw(), &Options::default());
    let same = frame.is_ok_and(|frame| frame.codes.iter().any(|code| code.payload.as_slice() == payload));
    if same { Ok(()) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_picture_is_read_by_the_scanner() {
        let payload = b"otpauth://totp/Acme:a?secret=OTPFERRYCANARYAAAAAAAAAAAAAAAAAA";
        let png = draw(payload, Picture::Png).unwrap();
        let scan = otpferry_scan::scan(&png, &Options::default()).unwrap();
        assert_eq!(scan.codes().next().unwrap().payload.as_slice(), payload);
        // A reader that shares no code with ours has to agree.
        let grey = image::load_from_memory(&png).unwrap().into_luma8();
        let pixel = |x: usize, y: usize| grey.get_pixel(x as u32, y as u32).0[0];
        let (width, height) = (grey.width() as usize, grey.height() as usize);
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, pixel);
        let grids = prepared.detect_grids();
        let mut read = Vec::new();
        grids[0].decode_to(&mut read).unwrap();
        assert_eq!(read, payload);
        let svg = String::from_utf8(draw(payload, Picture::Svg).unwrap()).unwrap();
        assert!(svg.starts_with("<?xml") && svg.contains("<svg"));
    }

    #[test]
    fn too_much_is_an_error() {
        assert_eq!(draw(&[b'a'; 4000], Picture::Png).unwrap_err().exit, Exit::Limit);
    }
}
