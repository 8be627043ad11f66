// Every page works without this.
'use strict'

const language = document.documentElement.lang

// A page of somebody who has logged out since is not shown again when a browser goes back to
// it: what it kept of a page whose cookies a redirect set, as every login does, it shows
// whatever no-store says.
if (document.querySelector('form.logout')) {
  window.addEventListener('pageshow', event => {
    if (event.persisted) {
      document.documentElement.hidden = true
      location.reload()
    }
  })
}

// The switch that shows what is typed as a password.

for (const button of document.querySelectorAll('button.reveal')) {
  const input = document.getElementById(button.getAttribute('aria-controls'))
  const show = shown => {
    input.type = shown ? 'text' : 'password'
    button.setAttribute('aria-pressed', shown)
  }
  button.addEventListener('click', () => show(input.type === 'password'))
  // Browsers and password managers remember what they see as text.
  input.form.addEventListener('submit', () => show(false))
  window.addEventListener('pagehide', () => show(false))
  button.hidden = false
}

// The strip of the account pages begins at the present one.

const here = document.querySelector('.menu [aria-current]')
if (here) {
  const strip = here.closest('ul')
  const show = () => { strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2 }
  window.addEventListener('resize', show)
  show()
}

// A choice of the language needs no button, unless arrow keys make it: those go past languages
// that nobody wants.

for (const form of document.querySelectorAll('form.language')) {
  const choice = form.querySelector('select'), button = form.querySelector('button')
  let keys = false
  button.hidden = true
  choice.addEventListener('pointerdown', () => { keys = false })
  choice.addEventListener('keydown', event => { keys = event.key !== 'Enter' })
  choice.addEventListener('change', () => {
    if (keys) {
      button.hidden = false
    } else {
      form.requestSubmit()
    }
  })
}

// A form is sent once: its button says so meanwhile. What comes after 20 seconds may be tried
// again, and so may a page that a browser has kept.

const sending = new Map()

const ready = form => {
  const { button, label, timer } = sending.get(form)
  clearTimeout(timer)
  if (label) {
    button.textContent = label
  }
  button.removeAttribute('aria-disabled')
  button.classList.remove('busy')
  sending.delete(form)
}

document.addEventListener('submit', event => {
  const form = event.target, button = event.submitter || form.querySelector('button:not([type])')
  if (event.defaultPrevented || !button) {
    return
  }
  if (sending.has(form)) {
    event.preventDefault()
    return
  }
  const label = button.dataset.busy && button.textContent
  sending.set(form, { button, label, timer: setTimeout(ready, 20000, form) })
  // A disabled button would not be sent, and would lose the focus.
  button.setAttribute('aria-disabled', true)
  button.classList.add('busy')
  if (label) {
    button.textContent = button.dataset.busy
  }
})

window.addEventListener('pageshow', () => {
  for (const form of [...sending.keys()]) {
    ready(form)
  }
})

// Times are those of the visitor's zone and calendar, in the language of the page as the visitor
// writes it.

const locale = navigator.languages.find(l => l.split('-')[0] === language.split('-')[0]) || language
const day = date => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 864e5

const inWords = (at, now) => {
  const seconds = (now - at) / 1000, days = day(now) - day(at)
  if (seconds <= -60 || days >= 30) {
    return at.toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })
  }
  const [n, unit] = seconds < 60 ? [0, 'second'] : seconds < 3600 ? [seconds / 60, 'minute'] :
    seconds < 86400 ? [seconds / 3600, 'hour'] : [days, 'day']
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-Math.floor(n), unit)
}

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime)
  time.textContent = inWords(at, new Date())
  time.title = at.toLocaleString(locale, { dateStyle: 'full', timeStyle: 'long' })
}

// The rules for a new password are ticked while it is typed, those that can be judged here. How
// strong it is is an estimate: letters of words count half of those among digits and symbols.

const similar = (text, value) => [value, ...value.split(/[^\p{L}\p{N}_]+/u)].some(part => {
  if (!part || text.length >= 10 * part.length && part.length < .35 * text.length) {
    return false
  }
  const rest = [...text]
  const shared = [...part].filter(c => rest.includes(c) && rest.splice(rest.indexOf(c), 1)).length
  return 2 * shared / (text.length + part.length) >= .7
})

const bits = text => [...text.matchAll(/\p{L}+|\p{N}+|./gsu)].reduce((sum, [run]) => {
  const each = !/\p{L}/u.test(run) ? /\p{N}/u.test(run) ? 3.3 : 5 : run.length > 2 ? 2.4 : 4.7
  return sum + [...run].reduce((n, c, i, all) =>
    n + (i && Math.abs(c.codePointAt(0) - all[i - 1].codePointAt(0)) < 2 ? each / 4 : each), 0)
}, 0)

for (const input of document.querySelectorAll('input[autocomplete=new-password]')) {
  const list = document.getElementById(input.id + '_help'), hint = input.closest('.field').querySelector('.strength')
  const known = () => [...input.form.elements].filter(e => /^(text|email)$/.test(e.type) && e.value)
    .map(e => e.value.toLowerCase())
  const judges = {
    password_too_short: (text, rule) => [...text].length >= rule.dataset.least,
    password_entirely_numeric: text => /\P{N}/u.test(text),
    password_too_similar: text => known().length ? !known().some(value => similar(text.toLowerCase(), value)) : null,
  }
  const mark = (rule, met, said) => {
    rule.dataset.text ||= rule.textContent
    rule.textContent = said || rule.dataset.text
    rule.classList.toggle('broken', !!said)
    rule.classList.toggle('met', met)
  }
  const rate = is => {
    hint.dataset.is = is
    hint.textContent = input.value ? hint.getAttribute('data-strength-' + is) : ''
  }
  const judge = () => {
    let fit = true
    for (const rule of list.children) {
      const met = input.value ? judges[rule.dataset.rule]?.(input.value, rule) : null
      mark(rule, met === true)
      fit &&= met !== false
    }
    const n = bits(input.value)
    rate(!fit || n < 35 ? 0 : n < 60 ? 1 : 2)
  }
  // What else is wrong with it the server says, once it is typed: that it is common, or was leaked.
  const person = ['username', 'email', 'first_name', 'last_name']
  const ask = async () => {
    const asked = input.value, data = new FormData(input.form), body = new URLSearchParams({ password: asked })
    for (const name of ['csrfmiddlewaretoken', ...person]) {
      if (data.has(name)) {
        body.set(name, data.get(name))
      }
    }
    const response = asked && await fetch(list.dataset.check, { method: 'POST', body }).catch(() => null)
    if (!response?.ok || input.value !== asked) {
      return
    }
    const { errors } = await response.json()
    for (const rule of list.children) {
      const said = rule.dataset.rule && errors[rule.dataset.rule]
      mark(rule, !!rule.dataset.rule && !said, said)
    }
    if (Object.keys(errors).length) {
      rate(0)
    }
  }
  if (hint && list) {
    if (list.dataset.check) {
      input.form.addEventListener('change', event => {
        if (event.target === input || person.includes(event.target.name)) {
          ask()
        }
      })
    }
    input.form.addEventListener('input', event => {
      if (event.target === input || input.value) {
        judge()
      }
    })
  }
}
