/** A real Chromium for the tests of the console: Debian's, from `.tools/`, driven by playwright-core. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { DEBIAN_DIR, findChromium } from '../local/paths.ts';

/** Finds the fonts of this system and of `.tools/`: Debian's own configuration of them may be missing. */
function fontConfig(folder: string): string {
  const file = join(folder, 'fonts.conf');
  const folders = ['/usr/share/fonts', join(DEBIAN_DIR, 'usr/share/fonts')];
  const cache = join(folder, 'font-cache');
  mkdirSync(cache);
  // Debian's Chromium asks for no family at all where a page wants that of the system.
  const fallback =
    '<match target="pattern"><edit name="family" mode="append_last"><string>DejaVu Sans</string></edit></match>';
  const mono =
    '<alias binding="same"><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>';
  const parts = [...folders.map((each) => `<dir>${each}</dir>`), mono, fallback].join('');
  const head = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">';
  writeFileSync(file, `${head}<fontconfig>${parts}<cachedir>${cache}</cachedir></fontconfig>\n`);
  return file;
}

/** @throws {Error} where there is no Chromium */
export function launchBrowser(): Promise<Browser> {
  const { program, libraries } = findChromium() ?? {};
  if (!program) throw new Error('no chromium here');
  const folder = mkdtempSync(join(tmpdir(), 'observatory-browser-'));
  return chromium.launch({
    executablePath: program,
    // Its sandbox refuses root, and needs namespaces that containers lack; only our own page is opened.
    chromiumSandbox: false,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      FONTCONFIG_FILE: fontConfig(folder),
      LD_LIBRARY_PATH: libraries ?? '',
    },
  });
}
