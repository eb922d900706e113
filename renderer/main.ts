import './theme.css';
import './ui/fonts.css';
import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';

mount(App, { target: document.body });
