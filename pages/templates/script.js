// Every page works without this.
'use strict'

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
