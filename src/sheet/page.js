'use strict';
(() => {
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const one = (query, within = document) => within.querySelector(query);
  const slides = all('.slide');
  const cards = all('.card');
  const boxes = cards.map((card) => one('.tick input', card));
  const last = slides.length - 1;
  let at = 0;

  // Places: the start, the codes, the end.

  function go(to) {
    at = Math.min(Math.max(to, 0), last);
    slides.forEach((slide, index) => slide.classList.toggle('now', index === at));
    scrollTo(0, 0);
    if (at === last) showOpen();
    showPlace();
    one('[role=status]').textContent = one('#place').textContent + ': ' + nameOf(at);
    keepMarks();
    showCodes();
  }

  function nameOf(index) {
    return all('header h2, header .user, h1', slides[index]).map((part) => part.textContent).join(' ');
  }

  function showPlace() {
    const isCode = at > 0 && at < last;
    one('#place').textContent = isCode ? at + ' of ' + cards.length : at === 0 ? 'All accounts' : 'End';
    one('#ticked').textContent = boxes.filter((box) => box.checked).length + ' ticked';
    one('#next').textContent = at === 0 ? 'Start ›' : 'Next ›';
    one('#back').disabled = at === 0;
    one('#next').disabled = at === last;
  }

  // Marks are numbers in the address: they outlive a reload, and no name or key is kept anywhere.

  const sheet = one('main').dataset.sheet;

  function keepMarks() {
    const ticks = boxes.reduceRight((bits, box) => bits * 2n + BigInt(box.checked), 0n);
    try {
      history.replaceState(null, '', '#' + [sheet, at, ticks.toString(32)].join('.'));
    } catch {
      // Some browsers allow it to no page of a file; then a reload starts anew.
    }
  }

  function readMarks() {
    const marks = /^#(\w+)\.(\d+)\.([0-9a-v]+)$/.exec(location.hash);
    if (!marks || marks[1] !== sheet) return 0;
    const digits = [...marks[3]].reverse().map((digit) => parseInt(digit, 32));
    boxes.forEach((box, index) => {
      box.checked = ((digits[Math.floor(index / 5)] || 0) >> index % 5) % 2 === 1;
    });
    return Number(marks[2]);
  }

  // The list of all codes, and of those without a tick.

  function entry(index) {
    const item = document.createElement('li');
    const button = document.createElement('button');
    const isOne = !cards[index].matches('.several');
    const names = all(isOne ? 'h2, .user' : '.held .line', cards[index]);
    button.type = 'button';
    button.dataset.go = index + 1;
    for (const text of [String(index + 1), ...names.map((name) => name.textContent)]) {
      const span = document.createElement('span');
      span.dir = 'auto';
      span.textContent = text;
      button.append(span, ' ');
    }
    if (boxes[index].checked) {
      button.classList.add('ticked');
      button.setAttribute('aria-label', button.textContent + ', ticked');
    }
    item.append(button);
    return item;
  }

  function find() {
    const wanted = one('#list input').value.trim().toLocaleLowerCase();
    const entries = cards.map((_, index) => entry(index));
    const found = entries.filter((item) => item.textContent.toLocaleLowerCase().includes(wanted));
    one('#found').replaceChildren(...found);
  }

  function openList() {
    one('#list input').value = '';
    find();
    one('#list').showModal();
    // A finger that wants to scroll should not get a keyboard.
    if (matchMedia('(pointer: coarse)').matches) one('#close').focus();
    const current = one('#found [data-go="' + at + '"]');
    if (current) {
      current.setAttribute('aria-current', 'true');
      current.scrollIntoView({ block: 'center' });
    }
  }

  function showOpen() {
    const open = cards.map((_, index) => index).filter((index) => !boxes[index].checked);
    const heading = document.createElement('h2');
    const list = document.createElement('ol');
    list.className = 'entries';
    list.append(...open.map(entry));
    heading.textContent = open.length ? 'Not ticked yet: ' + open.length : 'All ' + cards.length + ' are ticked';
    one('#open').replaceChildren(...(cards.length ? [heading, list] : []));
  }

  // Codes: RFC 4226, RFC 6238, Steam Guard, Yandex Key.

  function bytes(base32) {
    const result = [];
    let buffer = 0;
    let bits = 0;
    for (const letter of base32) {
      buffer = (buffer << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter);
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        result.push(buffer >> bits);
        buffer &= (1 << bits) - 1;
      }
    }
    return new Uint8Array(result);
  }

  async function yandexKey(secret, pin) {
    const text = new Uint8Array([...new TextEncoder().encode(pin), ...secret]);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
    return hash[0] === 0 ? hash.subarray(1) : hash;
  }

  async function mac(data, step) {
    let secret = bytes(data.key);
    if (data.kind === 'yandex') secret = await yandexKey(secret, data.pin);
    const message = new DataView(new ArrayBuffer(8));
    message.setBigUint64(0, step);
    const hmac = { name: 'HMAC', hash: data.hash };
    const key = await crypto.subtle.importKey('raw', secret, hmac, false, ['sign']);
    return new DataView(await crypto.subtle.sign('HMAC', key, message.buffer));
  }

  /** The lowest places of a number, the most significant first. */
  function positional(value, length, alphabet) {
    const base = BigInt(alphabet.length);
    let text = '';
    for (let rest = value; text.length < length; rest /= base) text = alphabet[Number(rest % base)] + text;
    return text;
  }

  async function compute(data, step) {
    const result = await mac(data, step);
    const offset = result.getUint8(result.byteLength - 1) & 15;
    if (data.kind === 'yandex') {
      return positional(result.getBigUint64(offset) & (2n ** 63n - 1n), 8, 'abcdefghijklmnopqrstuvwxyz');
    }
    const value = BigInt(result.getUint32(offset)) & (2n ** 31n - 1n);
    if (data.kind === 'steam') {
      return [...positional(value, 5, '23456789BCDFGHJKMNPQRTVWXY')].reverse().join('');
    }
    return positional(value, Number(data.digits), '0123456789');
  }

  const seconds = () => Math.floor(Date.now() / 1000);

  function stepOf(data, time) {
    return data.counter === undefined ? BigInt(Math.floor(time / Number(data.period))) : BigInt(data.counter);
  }

  function inGroups(code) {
    const size = code.length === 9 ? 3 : code.length > 5 ? Math.floor(code.length / 2) : code.length;
    const groups = [];
    for (let from = 0; from < code.length; from += size) {
      const isLast = code.length - from < 2 * size;
      const group = document.createElement('span');
      group.textContent = isLast ? code.slice(from) : code.slice(from, from + size);
      groups.push(group);
      if (isLast) break;
    }
    return groups;
  }

  async function showCode(place, step) {
    place.dataset.step = step;
    let shown;
    try {
      shown = inGroups(await compute(place.dataset, step));
      place.classList.remove('failed');
    } catch {
      shown = ['This browser cannot work out the code. Compare with the old phone.'];
      place.classList.add('failed');
    }
    if (place.dataset.step === String(step)) place.replaceChildren(...shown);
  }

  function inWords(rest) {
    if (rest < 120) return rest + ' s';
    return rest < 7200 ? Math.floor(rest / 60) + ' min' : Math.floor(rest / 3600) + ' h';
  }

  function showTimer(slide, time) {
    const [left, text] = [one('.timer .left', slide), one('.seconds', slide)];
    if (!left) return;
    const period = Number(one('.code', slide).dataset.period);
    const rest = period - (time % period);
    left.style.width = (100 * rest) / period + '%';
    text.textContent = inWords(rest) + ' left';
  }

  function showCodes() {
    const time = seconds();
    const places = all('.code', slides[at]);
    for (const place of places) {
      const step = stepOf(place.dataset, time);
      if (place.dataset.step !== String(step)) showCode(place, step);
    }
    showTimer(slides[at], time);
  }

  // What the reader does.

  document.addEventListener('click', (event) => {
    const target = event.target.closest('button');
    if (!target) return;
    if (target.dataset.go) {
      one('#list').close();
      go(Number(target.dataset.go));
    } else if (target.matches('.disclosure')) {
      const key = document.getElementById(target.getAttribute('aria-controls'));
      target.setAttribute('aria-expanded', String(key.classList.toggle('open')));
      key.scrollIntoView({ block: 'nearest' });
    }
  });
  one('#back').addEventListener('click', () => go(at - 1));
  one('#next').addEventListener('click', () => go(at + 1));
  one('#print')?.addEventListener('click', () => print());
  one('#where').addEventListener('click', openList);
  one('#close').addEventListener('click', () => one('#list').close());
  one('#list input').addEventListener('input', find);
  one('#list input').addEventListener('keydown', (event) => {
    if (event.key === 'Enter') one('#found button')?.click();
  });
  for (const box of boxes) {
    box.addEventListener('change', () => {
      showPlace();
      keepMarks();
    });
  }

  const KEYS = {
    ArrowRight: () => at + 1,
    ArrowLeft: () => at - 1,
    ' ': () => at + 1,
  };
  document.addEventListener('keydown', (event) => {
    const isTaken = event.key === ' ' && event.target.closest('button, input');
    const isOther = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (!KEYS[event.key] || isTaken || isOther || one('#list').open) return;
    const to = KEYS[event.key]();
    if (to < 0 || to > last) return;
    event.preventDefault();
    go(to);
  });

  let touch = null;
  document.addEventListener('touchstart', (event) => {
    touch = event.touches.length === 1 && !one('#list').open ? event.touches[0] : null;
  }, { passive: true });
  document.addEventListener('touchend', (event) => {
    if (!touch) return;
    const across = event.changedTouches[0].clientX - touch.clientX;
    const along = event.changedTouches[0].clientY - touch.clientY;
    touch = null;
    if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(along)) go(at - Math.sign(across));
  }, { passive: true });

  document.documentElement.classList.add('scripts');
  go(readMarks());
  setInterval(showCodes, 250);
})();
