"""Verifies an export of Strata's logs and tells which instances there were at a position, without any code of Strata's.
verify-export.py FOLDER [TENANT [POSITION [PUBLIC-KEYS.pem]]]: needs Python 3, zstd, openssl; exit 1: not as it was stored."""
import base64, hashlib, json, os, re, subprocess, sys, tempfile
folder, tenant, at, pems = (sys.argv[1:] + [None] * 4)[:4]
manifest, faults, instances, count = json.load(open(os.path.join(folder, 'manifest.json'))), [], {}, 0
if manifest['tenant']: sys.exit('this is an export of one tenant: its chain has holes')
sha256 = lambda data: hashlib.sha256(data).hexdigest()
pems = open(pems).read() if pems else ''.join(key['publicKey'] for key in manifest['keys'])
keys = {sha256(base64.b64decode(re.sub('-----.*?-----', '', pem)))[:16]: pem
        for pem in re.findall('-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\n', pems, re.S)}

def is_signed(log, it):
    """Ed25519 over the one line that says which log had which hash at which position."""
    said = {'log': log, 'lane': 0, 'position': it['position'], 'hash': it['hash'], 'at': it['at']}
    with tempfile.TemporaryDirectory() as place:
        for name, data in (('said', b'strata checkpoint ' + json.dumps(said, separators=(',', ':')).encode()),
                           ('key', keys.get(it['keyId'], '').encode()), ('signature', base64.b64decode(it['signature']))):
            open(os.path.join(place, name), 'wb').write(data)
        verify = 'openssl pkeyutl -verify -pubin -inkey key -rawin -in said -sigfile signature'
        return subprocess.run(verify.split(), cwd=place, capture_output=True).returncode == 0

def events(log):
    """Every event of a log: its hash is the SHA-256 of the hash before, a line's end, and its line without the hash."""
    before, position, signed = '0' * 64, 0, {it['position']: it for it in log['checkpoints']}
    for segment in log['segments']:
        path = os.path.join(folder, segment['file'])
        if sha256(open(path, 'rb').read()) != segment['sha256']: faults.append(f"{segment['file']}: another SHA-256")
        unpacked = subprocess.Popen(['zstd', '-dcq', path], stdout=subprocess.PIPE)
        for line in (it for it in unpacked.stdout if it.endswith(b'\n')):
            line, written = line[:-76] + b'}', line[-67:-3].decode()
            event, position = json.loads(line), position + 1
            if event['position'] != position: faults.append(f"{log['name']} {position}: missing")
            elif sha256(before.encode() + b'\n' + line) != written: faults.append(f"{log['name']} {position}: changed")
            before, position = written, event['position']
            if position in signed and signed.pop(position)['hash'] != written: faults.append(f'{position}: not as signed')
            yield event
        if unpacked.wait(): faults.append(f"{segment['file']}: cannot be unpacked")
    if signed or (before, position) != (log['lastHash'] or before, log['position']): faults.append(f"{log['name']}: its end")
    faults.extend(f"{it['position']}: not signed" for it in log['checkpoints'] if not is_signed(log['name'], it))

def status(it):
    if it['phase'] == 'building': return 'provisioning'
    if it['phase'] == 'failed' or (it['phase'] == 'deleting' and not it['task']) or it['disk'] == 'absent': return 'error'
    return {'on': 'running', 'off': 'stopped', 'absent': 'error'}.get(it['power'], it['power'])

for name, event in ((log['name'], event) for log in manifest['logs'] for event in events(log)):
    if name != 'iaas' or (at and event['position'] > int(at)): continue
    data, kind, count = event['data'], event['type'], count + (tenant in (None, event['meta']['tenantId']))
    it = instances.get(data.get('instanceId'), {}) if '/instance-' in event['stream'] else {}
    if kind == 'InstanceRequested': instances[data['instanceId']] = dict(data, phase='building', disk='absent', task=True)
    elif kind == 'InstanceObserved': it.update(disk=data['disk'], power=data['power'])
    elif kind == 'InstanceDeleted': del instances[data['instanceId']]
    elif kind == 'InstancePowerReached': it.update(task=False, phase=it['phase'].replace('building', 'ready'))
    elif kind == 'InstanceTaskFailed': it.update(task=it['phase'] == 'building')
    elif kind in ('InstanceFailed', 'InstanceTaskAbandoned'):
        it.update(task=False, phase='failed' if kind == 'InstanceFailed' else it['phase'])
    elif kind.endswith('Requested') and it: it.update(task=True, **({'phase': 'deleting'} if 'Deletion' in kind else {}))
own = sorted([it['name'], status(it)] for it in instances.values() if tenant in (None, it['tenantId']))
print(json.dumps({'events': count, 'instances': own, 'faults': faults}))
sys.exit(bool(faults))
