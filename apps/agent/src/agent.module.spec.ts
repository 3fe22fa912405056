import { Test } from '@nestjs/testing';
import { Scene } from './agent.fixtures.js';
import { AGENTS, AgentModule } from './agent.module.js';

describe('the module of the agents', () => {
  it('starts them with the application and stops them with it', async () => {
    const scene = await Scene.open();
    await scene.agent.stop();
    const agent = scene.newAgent();
    const agents = { provide: AGENTS, useValue: [agent] };
    const app = await Test.createTestingModule({ imports: [AgentModule.of(agents)] }).compile();
    await app.init();
    await scene.running();
    await app.close();
    scene.controlPlane.ask('inst_1', { power: 'off' });
    await scene.time.tick(60_000);
    expect(scene.host.world.guests.get('inst_1')?.power).toBe('on');
  });
});
