import { loadOrder } from './kernel.js';

describe('the order of kernel modules', () => {
  const dependencies = [
    'kernel/virtio_net.ko: kernel/failover.ko kernel/virtio.ko kernel/ring.ko',
    'kernel/failover.ko:',
    'kernel/virtio.ko: kernel/ring.ko',
    'kernel/ring.ko:',
    'kernel/virtio-rng.ko: kernel/virtio.ko kernel/ring.ko',
    '',
  ].join('\n');

  it('puts each module after those it needs, once', () => {
    const order = ['failover', 'ring', 'virtio', 'virtio_net', 'virtio-rng'].map((name) => `kernel/${name}.ko`);
    expect(loadOrder(dependencies, '', ['virtio_net', 'virtio_rng'])).toEqual(order);
  });

  it('leaves out what is built in', () => {
    expect(loadOrder(dependencies, 'kernel/button.ko\n', ['button'])).toEqual([]);
  });

  it('does not build an image whose kernel lacks a module', () => {
    expect(() => loadOrder(dependencies, '', ['virtio_blk'])).toThrow('no module virtio_blk');
  });
});
