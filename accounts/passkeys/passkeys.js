
// Passkeys, in browsers that know them.

if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  const ask = async url => {
    const response = await fetch(url, { headers: { Accept: 'application/json' } })
    const body = await response.json()
    if (!response.ok) {
      throw Object.assign(new Error(body.error), { name: 'Refused', reason: body.reason })
    }
    return body
  }

  const send = (form, values) => {
    for (const [name, value] of Object.entries(values)) {
      const input = form.elements[name] ||
        form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name }))
      input.value = value
    }
    form.submit()
  }

  // One of the sentences of the page, by the name of the error.
  const tell = (box, error) => {
    const all = [...box.querySelectorAll('[data-error]')]
    const said = error && (all.find(p => p.dataset.error === error.name) || all.find(p => !p.dataset.error))
    for (const p of all) {
      p.hidden = p !== said
    }
    if (error?.name === 'Refused' && error.message) {
      said.textContent = error.message
    }
  }

  // A click does one thing at a time.
  const onSubmit = (form, box, act) => {
    let busy = false
    form.addEventListener('submit', async event => {
      event.preventDefault()
      if (busy) {
        return
      }
      busy = true
      tell(box)
      try {
        await act()
      } catch (error) {
        if (error.reason === 'proof-wanted') { // the site keeps the form, and asks for the proof
          form.submit()
          return
        }
        tell(box, error)
      }
      busy = false
    })
  }

  for (const box of document.querySelectorAll('[data-passkey=create]')) {
    const form = box.querySelector('form')
    onSubmit(form, box, async () => {
      const { publicKey, state } = await ask(location.pathname)
      const made = await navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
      })
      send(form, { state, credential: JSON.stringify(made) })
    })
    for (const p of box.querySelectorAll('[data-without]')) {
      p.hidden = true
    }
  }

  for (const form of document.querySelectorAll('form[data-passkey=get]')) {
    let present = new AbortController(), timer
    const get = async mediation => {
      present.abort()
      const { signal } = present = new AbortController()
      const { publicKey, state } = await ask(form.action)
      if (signal.aborted) {
        return
      }
      const signed = await navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey), mediation, signal,
      })
      const remember = document.querySelector('input[type=checkbox][name=remember]')
      send(form, {
        state, credential: JSON.stringify(signed), remember: remember ? (remember.checked ? 'yes' : 'no') : '',
      })
    }
    // The browser offers passkeys where a username is typed. A challenge is valid for five minutes.
    const wait = async () => {
      clearInterval(timer)
      if (await PublicKeyCredential.isConditionalMediationAvailable?.()) {
        const again = () => get('conditional').catch(() => {})
        timer = setInterval(again, 240000)
        again()
      }
    }
    onSubmit(form, form, async () => {
      clearInterval(timer)
      try {
        await get()
      } catch (error) {
        wait()
        throw error
      }
    })
    form.hidden = false
    wait()
    window.addEventListener('pageshow', event => event.persisted && wait())
  }

  // What is known here, so that devices offer no other passkeys.
  for (const node of document.querySelectorAll('[data-passkey-known]')) {
    const { rpId, userId, allAcceptedCredentialIds, name, displayName } = JSON.parse(node.dataset.passkeyKnown)
    const known = PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds })
    Promise.resolve(known).catch(() => {}).then(() =>
      PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName })).catch(() => {})
  }
  for (const node of document.querySelectorAll('[data-passkey-unknown]')) {
    const { rpId, passkeyUnknown: credentialId } = node.dataset
    PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId }).catch(() => {})
  }
}
