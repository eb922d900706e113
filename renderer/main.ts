import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './theme.css';
import './ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';

mount(App, { target: document.body });
